// Figures of merit as pure functions: what `cortex evaluate` prints and what training compares by.
export {
  type BootstrapOptions,
  bootstrapInterval,
  bootstrapMean,
  type Interval,
  pairedDifference,
} from './bootstrap.js';
export { type ClassificationScores, classificationScores, confusedPairs, type LabelScore } from './classification.js';
export { seededRandom, shuffledIndices } from './random.js';
export { auroc } from './ranking.js';
export {
  brierScore,
  expectedCalibrationError,
  logLoss,
  type ReliabilityBin,
  reliabilityTable,
} from './reliability.js';
export { mean, quantile } from './summary.js';
