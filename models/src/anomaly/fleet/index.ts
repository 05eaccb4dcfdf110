// The family `anomaly`: trained from kept telemetry, saved, loaded.
export { ANOMALY_FAMILY, type LoadedKind, loadAnomalies, saveAnomalies } from './folder.js';
export {
  TelemetryDataError,
  type TelemetryRow,
  type TrainAnomaliesOptions,
  type TrainedKind,
  trainAnomalies,
} from './train.js';
