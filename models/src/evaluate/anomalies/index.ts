// `cortex evaluate anomalies`: how well the watch finds what was labelled, on the user's own series.
export { columnsOf, parseNumber, parseTime, readCsv } from './csv.js';
export {
  type AnomaliesDocument,
  type AnomalyScores,
  type RunEvaluateAnomaliesOptions,
  runEvaluateAnomalies,
  type SeriesScores,
} from './run-anomalies.js';
