// ONNX out and in: writing a graph, saving it with a manifest, loading it only when everything about it holds.
export {
  ExternalDataError,
  ManifestInvalidError,
  ModelFileMissingError,
  ModelForOthersError,
  ModelRefusedError,
  ModelTamperedError,
  ModelUnreadableError,
  ProbeMismatchError,
  ProbeNotFiniteError,
  SignatureMismatchError,
} from './errors.js';
export { type Dimension, GraphBuilder, type NodeAttributes, OPSET } from './graph.js';
export { inspectOnnx, type OnnxSummary } from './inspect.js';
export { type LoadExpectations, type LoadedModel, loadModel, SESSION_OPTIONS, toFeeds } from './load.js';
export {
  MANIFEST_FILE,
  MANIFEST_VERSION,
  type ModelManifest,
  modelManifestSchema,
  type ProbeTensor,
} from './manifest.js';
export { type SaveRequest, saveModel } from './save.js';
