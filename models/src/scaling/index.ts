// Replicas for a stated waiting time, from a forecast of arrivals and the times the work takes.
export { type Demand, delayProbability, replicasFor, type WaitPromise, waitsLonger } from './queue.js';
export { Scaler, type ScalerAnswer, type ScalerInput, type ScalerOptions } from './scaler.js';
export {
  type Arrival,
  type ScalingPolicy,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from './simulation.js';
export { type ScalerSetting, type TunedScaler, tuneScaler } from './tune.js';
