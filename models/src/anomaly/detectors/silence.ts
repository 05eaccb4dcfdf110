// How long nothing new came: the same value again and again, or none at all.
// The one thing to know: one run is one event, so lengths of runs are calibrated, not steps of them.
import type { GaugeDetector } from './types.js';

interface State {
  /** A usual longest run of the training part. */
  usual: number;
}

export const silence: GaugeDetector<State> = {
  twoSided: false,
  fit(values, missing) {
    let longest = 1;
    let run = 1;
    for (let i = 1; i < values.length; i++) {
      run = missing[i] || values[i] === values[i - 1] ? run + 1 : 1;
      longest = Math.max(longest, run);
    }
    return { usual: longest };
  },
  open({ usual }) {
    let last = Number.NaN;
    let run = 1;
    return (value, missing) => {
      run = missing || value === last ? run + 1 : 1;
      last = value;
      return Math.log1p(Math.max(0, run - 1.5 * usual));
    };
  },
};
