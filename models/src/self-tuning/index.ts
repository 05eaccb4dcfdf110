// A parameter tuned while it is in use, within bounds, at bounded cost.
export {
  observeRound,
  startTuning,
  type TuningChange,
  type TuningOptions,
  type TuningState,
  valueInUse,
} from './tuner.js';
