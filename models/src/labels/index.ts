// Labels: what decisions and their outcomes teach.
export type { Capped } from './caps.js';
export { labelsOfKept } from './kept.js';
export {
  LABEL_WEIGHTS,
  LabelCollector,
  type LabelledRow,
  type LabelledRows,
  type LabelOptions,
  type LabelSource,
  type LearnedOutcome,
  type LoggedDecision,
  labelsOf,
  type Provenance,
  REFUSED_WEIGHT,
  type RefusedRow,
} from './labels.js';
