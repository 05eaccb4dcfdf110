// How far a value lies from where the training part lay.
import type { GaugeDetector } from './types.js';

export const level: GaugeDetector<null> = {
  twoSided: true,
  fit: () => null,
  open: () => (value) => value,
};
