export {
  BatchingEncoder,
  type EncodeOptions,
  type Encoder,
  EncoderBusy,
  EncoderClosed,
  EncoderCrashed,
  EncoderError,
  EncoderFileMissing,
  EncoderModelInvalid,
  EncoderServiceRefused,
  EncoderServiceUnavailable,
  EncoderShapeMismatch,
  type EncoderStats,
  type LoadEncoderOptions,
  loadEncoder,
} from './encoder/index.js';
export type { Expert, ExpertName, RouteQuery, Vote } from './experts/expert.js';
export {
  createRuleExpert,
  type PatternProblem,
  patternProblem,
  type RuleExpert,
  type RuleMaster,
} from './experts/rule/index.js';
export {
  type ExpertMaker,
  type ExpertShare,
  type MasterProfile,
  RouterModel,
  type RouteOptions,
  type RouteResult,
  type TrainingRow,
  type TrainRouterOptions,
  trainRouter,
} from './router/index.js';
export { type LoadRouterOptions, loadRouter, type RouterManifest, saveRouter } from './router/store.js';
export {
  type Judgement,
  RetrievalExpert,
  type RetrievalOptions,
  type RetrievalRow,
  VectorLengthMismatch,
} from './experts/retrieval/index.js';
