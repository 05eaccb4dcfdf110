// Each master's median, pulled to the median of all by five rows' worth: the baseline every quantity starts from.
import { quantile } from '../metrics/index.js';
import type { MasterRates } from './master-rates.js';

const STRENGTH = 5;

/** Read with `masterRate`. */
export function fitMedians(masters: readonly string[], targets: Float32Array, rows: Int32Array): MasterRates {
  const byMaster = new Map<string, number[]>();
  for (const r of rows) {
    const known = byMaster.get(masters[r]!);
    if (known) known.push(targets[r]!);
    else byMaster.set(masters[r]!, [targets[r]!]);
  }
  return {
    overall: medianOf(Float64Array.from(rows, (r) => targets[r]!)),
    strength: STRENGTH,
    masters: Object.fromEntries([...byMaster].map(([name, ys]) => [name, { rows: ys.length, mean: medianOf(ys) }])),
  };
}

function medianOf(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
