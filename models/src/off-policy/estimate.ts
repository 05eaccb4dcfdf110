// What would another policy have earned, judged from decisions that were made by the one that served?
// The one thing to know: a choice that was never made teaches nothing. Where the other policy would often do what the log (almost) never did,
// the estimate is refused, with the share of its choices that the log covers.
// IPS: Horvitz & Thompson 1952; SNIPS: Swaminathan & Joachims 2015; doubly robust: Dudík, Langford & Li 2011; effective size: Kish 1965.
import { bootstrapInterval } from '../metrics/index.js';

/** One logged decision with what came of it. */
export interface LoggedChoice {
  /** What came of it, 0 to 1. */
  readonly reward: number;
  /** Probability with which the serving policy chose it, above 0. */
  readonly propensity: number;
  /** Probability with which the other policy would have chosen the same; 0 or 1 when it does not draw. */
  readonly target: number;
  /** Expected reward of the logged choice, by a model; needed for the doubly robust estimate. */
  readonly expected?: number;
  /** Expected reward under the other policy, by the same model. */
  readonly expectedTarget?: number;
}

export interface OffPolicyOptions {
  /** Rows the estimate must be worth after weighting. Default 50. */
  readonly leastEffective?: number;
  /** Share of the other policy's choices that the log must cover. Default 0.9. */
  readonly leastCovered?: number;
  /** Level of the intervals. Default 0.95. */
  readonly level?: number;
  /** Seed of the bootstrap. Default 1. */
  readonly seed?: number;
}

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Weighed {
  readonly rows: number;
  /** What the rows are worth after weighting: (Σw)² / Σw². */
  readonly effective: number;
  /** Estimated share of the other policy's choices that the log could have made: the mean weight, 1 when all. */
  readonly covered: number;
}

export type OffPolicyVerdict =
  | (Weighed & {
      readonly supported: true;
      readonly ips: Estimate;
      readonly snips: Estimate;
      /** Where every row has a model's expectations. */
      readonly doubly_robust?: Estimate;
      /** What the serving policy earned on the same rows. */
      readonly logged: Estimate;
      /** The other policy's worth (doubly robust where there is one, else SNIPS) minus what was earned, over the same draws of rows. */
      readonly gain: Estimate;
    })
  | (Weighed & { readonly supported: false; readonly reason: string });

/** Thrown for a row that cannot be a logged decision. */
export class OffPolicyRowInvalid extends RangeError {
  override readonly name = 'OffPolicyRowInvalid';
  constructor(
    readonly row: number,
    readonly field: string,
    readonly value: unknown,
    wanted: string,
  ) {
    super(`row ${row}: ${field} must be ${wanted}, got ${String(value)}`);
  }
}

/** Throws {@link OffPolicyRowInvalid} naming row and field. */
export function estimateOffPolicy(rows: readonly LoggedChoice[], options: OffPolicyOptions = {}): OffPolicyVerdict {
  rows.forEach(check);
  const { leastEffective = 50, leastCovered = 0.9, level = 0.95, seed = 1 } = options;
  const weights = Float64Array.from(rows, ({ target, propensity }) => target / propensity);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const squares = weights.reduce((sum, w) => sum + w * w, 0);
  const weighed: Weighed = {
    rows: rows.length,
    effective: squares > 0 ? (total * total) / squares : 0,
    covered: rows.length > 0 ? total / rows.length : 0,
  };
  const interval = (figure: (drawn: Int32Array) => number) => bootstrapInterval(rows.length, figure, { level, seed });
  // The mean weight is 1 when the log could have made every choice of the other policy; below, choices are missing.
  const high = rows.length > 0 ? interval((drawn) => meanOf(drawn, weights)).high : 0;
  if (high < leastCovered) {
    const reason = `the log covers ${percent(weighed.covered)} of the other policy's choices, at least ${percent(leastCovered)} are needed: decide with exploration, or try the model on a share of the traffic`;
    return { ...weighed, supported: false, reason };
  }
  if (weighed.effective < leastEffective) {
    const reason = `${rows.length} rows are worth ${weighed.effective.toFixed(1)} after weighting, at least ${leastEffective} are needed: collect more decisions`;
    return { ...weighed, supported: false, reason };
  }
  const all = Int32Array.from(rows, (_, i) => i);
  const estimate = (figure: (drawn: Int32Array) => number): Estimate => ({ value: figure(all), ...interval(figure) });
  const modelled = rows.every((row) => row.expected !== undefined && row.expectedTarget !== undefined);
  // Added up a thousand times over: what a row brings is worked out once.
  const rewards = Float64Array.from(rows, ({ reward }) => reward);
  const weighted = weights.map((w, i) => w * (rewards[i] ?? 0));
  const corrected = Float64Array.from(
    rows,
    ({ reward, expected = 0, expectedTarget = 0 }, i) => expectedTarget + (weights[i] ?? 0) * (reward - expected),
  );
  const logged = (drawn: Int32Array) => meanOf(drawn, rewards);
  const robust = (drawn: Int32Array) => meanOf(drawn, corrected);
  const snips = (drawn: Int32Array) => {
    const sum = meanOf(drawn, weights);
    return sum > 0 ? meanOf(drawn, weighted) / sum : 0;
  };
  const best = modelled ? robust : snips;
  return {
    ...weighed,
    supported: true,
    ips: estimate((drawn) => meanOf(drawn, weighted)),
    snips: estimate(snips),
    ...(modelled ? { doubly_robust: estimate(robust) } : {}),
    logged: estimate(logged),
    gain: estimate((drawn) => best(drawn) - logged(drawn)),
  };
}

function check(row: LoggedChoice, i: number): void {
  const within = (field: keyof LoggedChoice, low: number, high: number, open: boolean) => {
    const value = row[field];
    if (value === undefined) return;
    if (!(value >= low && value <= high) || (open && value === low))
      throw new OffPolicyRowInvalid(i, field, value, `${open ? 'above' : 'at least'} ${low} and at most ${high}`);
  };
  within('reward', 0, 1, false);
  within('propensity', 0, 1, true);
  within('target', 0, 1, false);
  within('expected', 0, 1, false);
  within('expectedTarget', 0, 1, false);
}

function meanOf(drawn: Int32Array, values: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < drawn.length; k++) sum += values[drawn[k] as number] as number;
  return drawn.length > 0 ? sum / drawn.length : 0;
}

const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
