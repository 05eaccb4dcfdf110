// Whether the level of the last steps differs from that of the steps before them.
import { MovingWindow } from '../moving.js';
import type { GaugeDetector } from './types.js';

interface State {
  short: number;
  long: number;
}

export const shift: GaugeDetector<State> = {
  twoSided: true,
  fit(values) {
    const short = Math.max(5, Math.min(24, Math.round(values.length / 50)));
    return { short, long: 4 * short };
  },
  open({ short, long }) {
    const now = new MovingWindow(short);
    const before = new MovingWindow(long);
    return (value) => {
      if (now.full) before.push(now.at(short - 1));
      now.push(value);
      if (before.count < short) return Number.NaN;
      return now.mean - before.mean;
    };
  },
};
