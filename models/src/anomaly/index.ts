// The anomaly watch: detectors per gauge, calibrated on the training part, combined without labels.
export {
  AutoencoderDataError,
  type AutoencoderFacts,
  type AutoencoderModel,
  type AutoencoderOptions,
  AutoencoderSession,
  type CrossFitted,
  crossFitAutoencoder,
  trainAutoencoder,
} from './autoencoder/index.js';
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
export {
  ANOMALY_FAMILY,
  type LoadedKind,
  loadAnomalies,
  saveAnomalies,
  TelemetryDataError,
  type TelemetryRow,
  type TrainAnomaliesOptions,
  type TrainedKind,
  trainAnomalies,
} from './fleet/index.js';
export { SortedWindow } from './moving.js';
export { type Scale, scaleOf } from './robust.js';
export { findSeason } from './season.js';
export {
  type Beat as TelemetryBeat,
  columnsOf,
  type Gauges,
  gaugesOf,
  openWindows,
  type Row as TelemetryWindow,
  valuesOf,
  WINDOW_MS,
  type Windows,
} from './telemetry/index.js';
