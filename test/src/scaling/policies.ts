// The three ways to set the number of replicas that are compared: never change it, follow what is there, follow what will be there.
import { Scaler, type ScalingPolicy, tuneScaler } from '@cortex/models';

export function fixed(replicas: number): ScalingPolicy {
  return () => replicas;
}

/**
 * What an autoscaler by utilisation and backlog does (Kubernetes' HPA formula: replicas × seen / target; KEDA's JetStream scaler adds the
 * backlog), with its usual five-minute hold before it scales down.
 */
export function reactive(target: number, binSeconds: number, holdSeconds = 300): ScalingPolicy {
  const wishes: number[] = [];
  return ({ busy, waiting }) => {
    wishes.push(Math.ceil((busy + waiting) / target));
    if (wishes.length > Math.round(holdSeconds / binSeconds)) wishes.shift();
    return Math.max(...wishes);
  };
}

export interface ForecastPolicy {
  /** Arrivals of each bin so far. */
  readonly history: readonly number[];
  /** Seconds of work of past arrivals. */
  readonly services: readonly number[];
  readonly binSeconds: number;
  readonly startSeconds: number;
  readonly waitSeconds: number;
}

/** The scaler that the watchdog runs, as careful as its history says it must be. */
export function byForecast(options: ForecastPolicy): { policy: ScalingPolicy; setting: string } {
  const { history, services, binSeconds, startSeconds, waitSeconds } = options;
  const serviceSeconds = services.reduce((sum, s) => sum + s, 0) / services.length;
  const base = { promise: { waitSeconds }, binSeconds, startSeconds };
  const { quantile, holdSeconds } = tuneScaler(history, services, base);
  const scaler = new Scaler({ ...base, quantile, holdSeconds }, history);
  return {
    policy: ({ arrivals, waiting }) => scaler.step({ arrivals, waiting, serviceSeconds }).replicas,
    setting: `95 % within ${waitSeconds} s: quantile ${quantile}, hold ${holdSeconds} s`,
  };
}
