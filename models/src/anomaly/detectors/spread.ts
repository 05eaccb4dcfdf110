// Whether the last steps scatter more, or less, than the training part did.
import { MovingWindow } from '../moving.js';
import type { GaugeDetector } from './types.js';

interface State {
  window: number;
}

export const spread: GaugeDetector<State> = {
  twoSided: true,
  fit: (values) => ({ window: Math.max(8, Math.min(32, Math.round(values.length / 40))) }),
  open({ window }) {
    const last = new MovingWindow(window);
    return (value) => {
      last.push(value);
      return last.full ? Math.log(last.deviation + 0.02) : Number.NaN;
    };
  },
};
