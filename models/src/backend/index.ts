// Where learning runs: the TensorFlow.js ladder.
export {
  BACKENDS,
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  chooseBackend,
  describeBackend,
  NoBackendError,
  type Tf,
} from './backend.js';
export { type Matrix, toMatrix, toTensors } from './tensors.js';
