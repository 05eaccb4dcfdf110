// The door of the router: train, ask, keep, bring back.

export {
  RouterEncoderMismatch,
  RouterExpertMissing,
  type RouterFault,
  RouterFileMissing,
  RouterFileTampered,
  RouterLabelsMismatch,
  RouterLoadError,
  RouterManifestInvalid,
  RouterNumbersInvalid,
  RouterProbeFailed,
  RouterShapeMismatch,
} from './errors.js';
export { RouterModel } from './router-model.js';
export { loadServedRouter, type NetworkToSave, saveServedRouter } from './served.js';
export type { RouterState } from './state.js';
export { type LoadRouterOptions, loadRouter, type RouterManifest, saveRouter } from './store.js';
export { type TrainRouterOptions, trainRouter } from './train.js';
export {
  abstainBelow,
  type Costs,
  DEFAULT_COSTS,
  type ExpertShare,
  type HeldOutAnswer,
  type MasterProfile,
  type Progress,
  type RouteOptions,
  type RouteResult,
  type TrainingRow,
} from './types.js';
export type { ExpertMaker } from './voices/outside.js';
