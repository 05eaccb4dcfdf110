// From arrivals seen to replicas wanted. The one thing to know: a replica takes time to start, so what counts is the load at the moment it is
// there; and taking one away is slow on purpose, since a burst that comes twice should meet what was started for the first.
import { type ForecastModel, fitForecast, openForecast } from '../forecast/index.js';
import { replicasFor, type WaitPromise } from './queue.js';

export interface ScalerOptions {
  readonly promise: WaitPromise;
  /** Seconds of a bin. */
  readonly binSeconds: number;
  /** Seconds until a started replica works. */
  readonly startSeconds: number;
  /** Bounds of the replicas wanted. Defaults 0 and 1,000. */
  readonly least?: number;
  readonly most?: number;
  /** Seconds over which the largest wish holds before fewer are wanted. Default 120. */
  readonly holdSeconds?: number;
  /** Share of bins whose arrivals the capacity covers. Default 0.9. */
  readonly quantile?: number;
}

export interface ScalerInput {
  /** Arrivals of the bin that just ended. */
  readonly arrivals: number;
  /** Waiting now. */
  readonly waiting: number;
  /** Mean seconds of work, from the last outcomes or the predictor. */
  readonly serviceSeconds: number;
  readonly serviceScatter?: number;
}

export interface ScalerAnswer {
  readonly replicas: number;
  /** Arrivals per second expected when a replica started now works. */
  readonly p50: number;
  /** Arrivals per second not passed in `quantile` of the bins. */
  readonly p90: number;
  /** Seconds ahead. */
  readonly horizonSeconds: number;
}

/** Bins before a forecast is fitted; until then the last ones speak for the next. */
const ENOUGH = 24;
/** Bins between two fits. */
const REFIT = 60;
const REMEMBERED = 4_096;

/** Follows one queue. */
export class Scaler {
  private counts: number[];
  private stream: ReturnType<typeof openForecast> | undefined;
  private sinceFit = 0;
  private wishes: number[] = [];
  private readonly horizon: number;

  constructor(
    private readonly options: ScalerOptions,
    history: readonly number[] = [],
  ) {
    this.horizon = Math.max(1, Math.ceil(options.startSeconds / options.binSeconds) + 1);
    this.counts = history.slice(-REMEMBERED);
    this.fit();
  }

  step(input: ScalerInput): ScalerAnswer {
    const { binSeconds, least = 0, most = 1_000, holdSeconds = 120 } = this.options;
    this.counts.push(input.arrivals);
    if (this.counts.length > REMEMBERED) this.counts = this.counts.slice(-REMEMBERED);
    this.stream?.push(input.arrivals);
    if (++this.sinceFit >= REFIT || !this.stream) this.fit();
    const ahead = this.ahead();
    const wish = replicasFor(
      {
        arrivals: ahead.capacity / binSeconds,
        serviceSeconds: input.serviceSeconds,
        waiting: input.waiting,
        ...(input.serviceScatter === undefined ? {} : { serviceScatter: input.serviceScatter }),
      },
      this.options.promise,
      most,
    );
    this.wishes.push(wish);
    if (this.wishes.length > Math.max(1, Math.round(holdSeconds / binSeconds))) this.wishes.shift();
    return {
      replicas: Math.min(most, Math.max(least, ...this.wishes)),
      p50: ahead.forecast / binSeconds,
      p90: ahead.capacity / binSeconds,
      horizonSeconds: this.horizon * binSeconds,
    };
  }

  /** The largest of the bins until a replica started now works: each of them has to be survived. */
  private ahead(): { forecast: number; capacity: number } {
    const steps = this.stream?.forecast();
    if (!steps) {
      const last = this.counts.slice(-6);
      const forecast = last.reduce((sum, n) => sum + n, 0) / Math.max(1, last.length);
      return { forecast, capacity: Math.max(forecast, ...last) };
    }
    return {
      forecast: steps.at(-1)?.forecast ?? 0,
      capacity: Math.max(...steps.map((step) => step.capacity)),
    };
  }

  private fit(): void {
    if (this.counts.length < ENOUGH) return;
    const model: ForecastModel = fitForecast(Float64Array.from(this.counts), {
      horizon: this.horizon,
      quantile: this.options.quantile ?? 0.9,
    });
    this.stream = openForecast(model);
    this.sinceFit = 0;
  }
}
