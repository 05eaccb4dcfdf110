// Windows over scaled gauges, laid out step after step, with the mask of what is known.
import { type Scale, squash } from '../robust.js';

export interface Windows {
  /** [count, W·G]; 0 where missing. */
  values: Float32Array;
  /** [count, W·G]; 1 where known. */
  known: Float32Array;
  count: number;
}

/** What lies further out counts as this far: one wild value must not be all that a window says. */
const FARTHEST = 6;

export function scaledCell(value: number, scale: Scale): number {
  return Math.max(-FARTHEST, Math.min(FARTHEST, squash(value, scale)));
}

/** All windows that end at steps `from` … `to` − 1; what lies before the first step is missing. */
export function windowsOf(
  columns: readonly Float64Array[],
  scales: readonly Scale[],
  window: number,
  from: number,
  to: number,
): Windows {
  const gauges = columns.length;
  const cells = window * gauges;
  const count = Math.max(0, to - from);
  const values = new Float32Array(count * cells);
  const known = new Float32Array(count * cells);
  for (let g = 0; g < gauges; g++) {
    const column = columns[g] as Float64Array;
    const scale = scales[g] as Scale;
    for (let t = Math.max(0, from - window + 1); t < to; t++) {
      const value = column[t] as number;
      if (!Number.isFinite(value)) continue;
      const cell = scaledCell(value, scale);
      // Step t stands at place `window − 1 − (end − t)` of the window that ends at `end`.
      for (let end = Math.max(t, from); end < Math.min(to, t + window); end++) {
        const at = (end - from) * cells + (window - 1 - end + t) * gauges + g;
        values[at] = cell;
        known[at] = 1;
      }
    }
  }
  return { values, known, count };
}
