// Says beforehand whether a task will succeed with a master, how long it takes and what it costs.
export { PredictionDataError, PredictorFileError, type PredictorFileReason } from './errors.js';
export { Predictor } from './predictor.js';
export {
  type Evidence,
  masterName,
  type OutcomeRow,
  type Prediction,
  type PredictionQuery,
  QUANTITIES,
  type Quantity,
  type QuantityPrediction,
  type SuccessPrediction,
} from './rows.js';
export {
  fingerprintOf,
  loadPredictor,
  type PredictorManifest,
  type SavePredictorOptions,
  savePredictor,
} from './store.js';
export { type FittedPredictor, fitPredictor, type TrainPredictorOptions, trainPredictor } from './train.js';
