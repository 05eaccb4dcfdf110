// How fast a value changes: the jump from the mean of the few steps before.
import { MovingWindow } from '../moving.js';
import type { GaugeDetector } from './types.js';

export const rate: GaugeDetector<null> = {
  twoSided: true,
  fit: () => null,
  open() {
    const before = new MovingWindow(3);
    return (value, missing) => {
      const jump = before.count ? value - before.mean : Number.NaN;
      before.push(value);
      return missing ? Number.NaN : jump;
    };
  },
};
