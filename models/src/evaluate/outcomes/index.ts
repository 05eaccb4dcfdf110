// `cortex evaluate outcomes`: how well success, minutes, tokens and complexity are told beforehand, on the user's own rows.
export {
  type BadRow,
  EvaluateInputError,
  type ReadRows,
  RowError,
  readJsonLines,
  textField,
  timeField,
} from './json-lines.js';
export { outcomeRow, readOutcomes } from './read-outcomes.js';
export {
  type OutcomesDocument,
  type RunEvaluateOutcomesOptions,
  runEvaluateOutcomes,
  type WorstMistake,
} from './run-outcomes.js';
export type { QuantityScores, SuccessScores } from './scores.js';
