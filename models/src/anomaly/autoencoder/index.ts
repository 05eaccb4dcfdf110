// The autoencoder over windows of telemetry: trained in TensorFlow.js, served by ONNX.
export { type CrossFitted, crossFitAutoencoder } from './cross-fit.js';
export { AUTOENCODER_INPUTS, AUTOENCODER_OUTPUTS, exportAutoencoder } from './export.js';
export { type AutoencoderFacts, AutoencoderSession } from './session.js';
export { AutoencoderDataError, type AutoencoderModel, type AutoencoderOptions, trainAutoencoder } from './train.js';
