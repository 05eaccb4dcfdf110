// Neighbours → odds of the masters.
// Source: distance-weighted k nearest neighbours (Dudani 1976) with an exponential kernel, smoothed by the masters' shares.

/** What is remembered of a past task, for the vote. */
export interface Neighbour {
  /** Index of the master. */
  master: number;
  cosine: number;
  /** How much the row counts; 1 for an ordinary example. */
  weight: number;
  /** How it went with that master; undefined when unknown. */
  success: boolean | undefined;
}

export interface VoteSettings {
  /** A neighbour farther by this much cosine counts e times less. */
  temperature: number;
  /** Mass of the masters' shares against the nearest neighbour's mass of 1. */
  prior: number;
}

export const DEFAULT_SETTINGS: VoteSettings = { temperature: 0.06, prior: 0.3 };

/** A failure with a master speaks against it, but less than a success speaks for it: the task may have been hard for anyone. */
const FAILURE = -0.5;
const TEMPERATURES = [0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.18, 0.3];
const PRIORS = [0.03, 0.1, 0.3, 1, 3];

/**
 * Probability of each master; sums to 1.
 * @param shares of the masters among all rows, summing to 1
 */
export function voteOf(neighbours: readonly Neighbour[], shares: Float64Array, settings: VoteSettings): Float64Array {
  const mass = new Float64Array(shares.length);
  const highest = neighbours[0]?.cosine ?? 0;
  for (const { master, cosine, weight, success } of neighbours) {
    const closeness = weight * Math.exp((cosine - highest) / settings.temperature);
    mass[master] = (mass[master] ?? 0) + closeness * (success === false ? FAILURE : 1);
  }
  let total = 0;
  for (let m = 0; m < mass.length; m++) {
    const value = Math.max(0, mass[m] ?? 0) + settings.prior * (shares[m] ?? 0);
    mass[m] = value;
    total += value;
  }
  return total > 0 ? mass.map((value) => value / total) : mass.fill(1 / Math.max(1, mass.length));
}

/** The settings with the least log loss over rows whose own vector was left out. */
export function fitSettings(
  left: readonly { neighbours: readonly Neighbour[]; right: number }[],
  shares: Float64Array,
): VoteSettings {
  let best = { settings: DEFAULT_SETTINGS, loss: Number.POSITIVE_INFINITY };
  for (const temperature of TEMPERATURES) {
    for (const prior of PRIORS) {
      const settings = { temperature, prior };
      let loss = 0;
      for (const { neighbours, right } of left) {
        loss -= Math.log(Math.max(1e-9, voteOf(neighbours, shares, settings)[right] ?? 0));
      }
      if (loss < best.loss) best = { settings, loss };
    }
  }
  return best.settings;
}
