// How far a value lies from the median of the last steps, in their median absolute deviations.
import { MovingWindow, SortedWindow } from '../moving.js';
import { spreadOf } from '../robust.js';
import type { GaugeDetector } from './types.js';

interface State {
  window: number;
  /** Never divides by less: a calm window would make a ripple a storm. */
  least: number;
}

export const rollingZ: GaugeDetector<State> = {
  twoSided: true,
  fit(values) {
    const window = Math.max(16, Math.min(96, Math.round(values.length / 10)));
    const around = new SortedWindow(window);
    const away = values.map((value) => {
      const from = around.count ? value - around.quantile(0.5) : 0;
      around.push(value);
      return from;
    });
    return { window, least: spreadOf(away, 1e-3) / 2 };
  },
  open({ window, least }) {
    const values = new SortedWindow(window);
    const away = new MovingWindow(window);
    return (value) => {
      if (values.count < 8) {
        values.push(value);
        return Number.NaN;
      }
      const from = value - values.quantile(0.5);
      const spread = Math.max(least, away.mean * 1.25);
      values.push(value);
      away.push(Math.abs(from));
      return away.count > 4 ? from / spread : Number.NaN;
    };
  },
};
