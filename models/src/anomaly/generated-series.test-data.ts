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

/** Gauges that share one load with a season of 144 steps: some constant, some whole numbers, some missing a third of the time; faults of
 * 4 to 150 steps in up to a quarter of them. */
export function machineSeries(seed: number, gauges: number, steps = 2_000, faults = 8): GeneratedSeries {
  const random = seededRandom(seed);
  const noise = () => random() + random() + random() - 1.5;
  const all = 2 * steps;
  let memory = 0;
  const load = Float64Array.from({ length: all }, (_, t) => {
    memory = 0.9 * memory + 0.3 * noise();
    return Math.max(0, 1 + 0.5 * Math.sin((2 * Math.PI * t) / 144) + memory + (random() < 0.005 ? 2 * random() : 0));
  });
  const columns = Array.from({ length: gauges }, () => {
    const [follows, level, kind] = [3 * random(), 10 ** (4 * random()), random()];
    let own = 0;
    const lasts = 0.95 * random();
    return Float64Array.from({ length: all }, (_, t) => {
      own = lasts * own + noise();
      if (kind < 0.1) return level;
      if (kind < 0.25) return Math.floor(Math.max(0, 2 * load[t]! + noise() - 1.5));
      if (kind < 0.35 && random() < 0.3) return Number.NaN;
      return level * (1 + 0.2 * follows * load[t]! + 0.1 * own + (random() < 0.002 ? random() : 0));
    });
  });
  const label = new Uint8Array(steps);
  for (let f = 0; f < faults; f++) {
    const length = Math.round(4 * (150 / 4) ** random());
    const from = steps + Math.floor(((f + 0.2 + 0.5 * random()) * steps) / faults);
    const many = 1 + Math.floor((random() * Math.max(1, gauges)) / 4);
    const kind = Math.floor(6 * random());
    for (let k = 0; k < many; k++) {
      const column = columns[Math.floor(random() * gauges)]!;
      const usual = column.slice(0, steps).filter(Number.isFinite).sort();
      const at = (q: number) => usual[Math.floor(q * usual.length)]!;
      const size =
        (at(0.95) - at(0.05) || 0.05 * Math.abs(usual[0]!) || 1) * (0.8 + 1.5 * random()) * (random() < 0.5 ? -1 : 1);
      const held = column[from]!;
      const turned = column.slice(from, from + length).reverse();
      for (let t = from; t < Math.min(all, from + length); t++) {
        if (kind === 0) column[t]! += size;
        else if (kind === 1) column[t]! += (1.5 * size * (t - from)) / length;
        else if (kind === 2) column[t] = held;
        else if (kind === 3) column[t]! += size * noise();
        else if (kind === 4) column[t] = Number.NaN;
        else column[t] = turned[t - from]! + 0.6 * size;
      }
    }
    for (let t = from; t < Math.min(all, from + length); t++) label[t - steps] = 1;
  }
  const names = columns.map((_, g) => `gauge${g}`);
  const part = (from: number, to: number) => ({ gauges: names, columns: columns.map((c) => c.slice(from, to)) });
  return { train: part(0, steps), test: part(steps, all), label };
}
