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
  type OpenAiEncoderOptions,
  openAiEncoder,
} from './encoder/index.js';
export {
  EvaluateInputError,
  type OutcomesDocument,
  type RunEvaluateOutcomesOptions,
  readOutcomes,
  runEvaluateOutcomes,
} from './evaluate/outcomes/index.js';
export { type PolicyDocument, type RunEvaluatePolicyOptions, runEvaluatePolicy } from './evaluate/policy/index.js';
export type { Expert, ExpertName, RouteQuery, Vote } from './experts/expert.js';
export {
  type Judgement,
  RetrievalExpert,
  type RetrievalOptions,
  type RetrievalRow,
  VectorLengthMismatch,
} from './experts/retrieval/index.js';
export {
  createRuleExpert,
  type PatternProblem,
  patternProblem,
  type RuleExpert,
  type RuleMaster,
} from './experts/rule/index.js';
export {
  chooseByUtility,
  DEFAULT_WEIGHTS,
  type Exploration,
  type ExplorationCandidate,
  type ExplorationOptions,
  explore,
  type Priority,
  type UtilityCandidate,
  type UtilityChoice,
  type UtilityOptions,
  type UtilityTerm,
  type UtilityWeights,
  ZERO_WEIGHTS,
} from './policy/index.js';
export {
  type Evidence,
  loadPredictor,
  type OutcomeRow,
  type Prediction,
  PredictionDataError,
  type PredictionQuery,
  Predictor,
  PredictorFileError,
  type PredictorFileReason,
  type PredictorManifest,
  type QuantityPrediction,
  type SuccessPrediction,
  savePredictor,
  type TrainPredictorOptions,
  trainPredictor,
} from './prediction/index.js';
export {
  type ExpertMaker,
  type ExpertShare,
  type MasterProfile,
  type RouteOptions,
  type RouteResult,
  RouterModel,
  type TrainingRow,
  type TrainRouterOptions,
  trainRouter,
} from './router/index.js';
export { type LoadRouterOptions, loadRouter, type RouterManifest, saveRouter } from './router/store.js';
