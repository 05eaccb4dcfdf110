// Telemetry made for tests: a few gauges with a season, memory and noise, and faults of known place and kind in the second part.
import { seededRandom } from '../metrics/index.js';
import type { GaugeTable } from './index.js';

export const FAULTS = ['spike', 'shift', 'burst', 'flat', 'drift', 'silent'] as const;
export type Fault = (typeof FAULTS)[number];

export interface GeneratedSeries {
  train: GaugeTable;
  test: GaugeTable;
  label: Uint8Array;
}

/** @param gauges how many; the first is the one with the fault. */
export function generatedSeries(
  seed: number,
  faults: readonly Fault[] = FAULTS,
  gauges = 3,
  steps = 600,
): GeneratedSeries {
  const random = seededRandom(seed);
  const noise = () => random() + random() + random() - 1.5;
  const all = steps * 3;
  const label = new Uint8Array(2 * steps);
  const columns = Array.from({ length: gauges }, (_, g) => {
    const level = 20 + 80 * random();
    let memory = 0;
    return Float64Array.from({ length: all }, (_, t) => {
      memory = 0.7 * memory + noise();
      return level + 3 * Math.sin((2 * Math.PI * t) / 48 + g) + memory;
    });
  });
  const column = columns[0]!;
  faults.forEach((fault, k) => {
    const from = steps + Math.floor(((k + 0.3 + 0.4 * random()) * 2 * steps) / faults.length);
    const length = fault === 'spike' ? 3 : 40;
    const held = column[from]!;
    for (let t = from; t < Math.min(all, from + length); t++) {
      label[t - steps] = 1;
      if (fault === 'spike') column[t]! += 15;
      if (fault === 'shift') column[t]! += 8;
      if (fault === 'burst') column[t]! += 8 * noise();
      if (fault === 'flat') column[t] = held;
      if (fault === 'drift') column[t]! -= ((t - from) / length) * 15;
      if (fault === 'silent') column[t] = Number.NaN;
    }
  });
  const names = columns.map((_, g) => `gauge${g}`);
  const part = (from: number, to: number) => ({ gauges: names, columns: columns.map((c) => c.slice(from, to)) });
  return { train: part(0, steps), test: part(steps, all), label };
}
