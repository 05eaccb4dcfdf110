// `evaluate routing`: your data, the code that trains and serves.
export {
  EvaluationFileEmpty,
  EvaluationFileUnreadable,
  EvaluationInputError,
  MastersInvalid,
  SingleLabel,
  TooManyBadRows,
  TooManyLabels,
} from './errors.js';
export { type EvaluateRoutingOptions, NothingToEvaluate, runEvaluateRouting } from './evaluate.js';
export { type LabelledFile, type LabelledRow, readLabelled, readMasters } from './input.js';
export type { Baseline, Mistake, RoutingDocument } from './score.js';
