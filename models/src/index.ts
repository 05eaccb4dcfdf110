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
export { createRuleExpert, type PatternProblem, patternProblem, type RuleExpert, type RuleMaster } from './experts/rule/index.js';
