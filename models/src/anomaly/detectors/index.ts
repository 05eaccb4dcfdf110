// The detectors of one gauge, by name.
import { forest } from './forest.js';
import { level } from './level.js';
import { rate } from './rate.js';
import { residual } from './residual.js';
import { rollingZ } from './rolling-z.js';
import { shape } from './shape.js';
import { shift } from './shift.js';
import { silence } from './silence.js';
import { spread } from './spread.js';
import type { GaugeDetector } from './types.js';

export { type Components, distance, fitComponents } from './components.js';
export type { GaugeDetector, Scorer } from './types.js';

/** Forgets the state's type: what `fit` gave is only ever handed to the same detector's `open`. */
function plain<State>({ twoSided, fit, open }: GaugeDetector<State>): GaugeDetector<unknown> {
  return { twoSided, fit, open: (state, start) => open(state as State, start) };
}

export const DETECTORS: Readonly<Record<string, GaugeDetector<unknown>>> = {
  level: plain(level),
  rolling_z: plain(rollingZ),
  residual: plain(residual),
  rate: plain(rate),
  silence: plain(silence),
  shift: plain(shift),
  spread: plain(spread),
  pca: plain(shape),
  isolation_forest: plain(forest),
};
