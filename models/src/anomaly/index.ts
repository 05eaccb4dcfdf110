// The anomaly watch: detectors per gauge, calibrated on the training part, combined without labels.
export {
  AnomalyDataError,
  type AnomalyModel,
  type AnomalyOptions,
  type AnomalyStep,
  type AnomalyStream,
  detectorNames,
  fitAnomalyModel,
  type GaugeTable,
  openAnomalyModel,
} from './ensemble.js';
export { SortedWindow } from './moving.js';
export { type Scale, scaleOf } from './robust.js';
export { findSeason } from './season.js';
