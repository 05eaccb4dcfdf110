// Whether the form of the last steps is one that the training part knew: principal components over windows.
import { type Components, distance, fitComponents } from './components.js';
import type { GaugeDetector } from './types.js';

export const shape: GaugeDetector<Components> = {
  twoSided: false,
  fit(values) {
    const size = Math.max(4, Math.min(24, Math.round(values.length / 20)));
    const count = Math.max(0, values.length - size + 1);
    const rows = new Float64Array(count * size);
    for (let r = 0; r < count; r++) rows.set(values.subarray(r, r + size), r * size);
    return fitComponents(rows, size);
  },
  open(components) {
    const { size } = components;
    const last = new Float64Array(size);
    let seen = 0;
    return (value) => {
      last.copyWithin(0, 1);
      last[size - 1] = value;
      return ++seen >= size ? distance(components, last) : Number.NaN;
    };
  },
};
