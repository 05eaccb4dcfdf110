// How far a value lies from its forecast: an exponential moving average, over a seasonal profile where there is a season.
import { findSeason } from '../season.js';
import type { GaugeDetector } from './types.js';

interface State {
  alpha: number;
  /** The mean of each phase, empty without a season. */
  profile: number[];
}

const ALPHAS = [0.02, 0.1, 0.3, 0.7];
/** How fast a phase of the profile follows what came. */
const FOLLOW = 0.2;

export const residual: GaugeDetector<State> = {
  twoSided: true,
  fit(values) {
    const season = findSeason(values);
    let best: State = { alpha: 0.3, profile: [] };
    let least = Number.POSITIVE_INFINITY;
    for (const profile of season ? [[], profileOf(values, season)] : [[]])
      for (const alpha of ALPHAS) {
        const state = { alpha, profile };
        const score = residual.open(state);
        let error = 0;
        for (const value of values) error += Math.abs(score(value, false) || 0);
        if (error < least) {
          least = error;
          best = state;
        }
      }
    return best;
  },
  open({ alpha, profile }, start = 0) {
    const phases = profile.slice();
    let step = start;
    let height = Number.NaN;
    return (value, missing) => {
      const phase = phases.length ? step++ % phases.length : 0;
      const seasonal = phases.length ? phases[phase]! : 0;
      const rest = value - seasonal;
      if (missing) return Number.NaN;
      if (Number.isNaN(height)) {
        height = rest;
        return Number.NaN;
      }
      const off = rest - height;
      height += alpha * off;
      if (phases.length) phases[phase] = seasonal + FOLLOW * Math.max(-1, Math.min(1, off));
      return off;
    };
  },
};

function profileOf(values: Float64Array, season: number): number[] {
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  values.forEach((value, i) => {
    sums[i % season]! += value;
    counts[i % season]!++;
  });
  return Array.from(sums, (sum, i) => sum / Math.max(1, counts[i]!));
}
