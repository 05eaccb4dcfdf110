// The door of the encoders.
export { BatchingEncoder, type EncoderStats } from './batching-encoder.js';
export type { EncodeOptions, Encoder } from './encoder.js';
export {
  EncoderBusy,
  EncoderClosed,
  EncoderCrashed,
  EncoderError,
  EncoderFileMissing,
  EncoderModelInvalid,
  EncoderServiceRefused,
  EncoderServiceUnavailable,
  EncoderShapeMismatch,
} from './errors.js';
export { loadEncoder, readEncoderFile } from './load-encoder.js';
export { INDEX_ENCODER, type LoadEncoderOptions } from './onnx-encoder.js';
export { type OpenAiEncoderOptions, openAiEncoder } from './openai-encoder.js';
export { shareEncoder } from './shared.js';
