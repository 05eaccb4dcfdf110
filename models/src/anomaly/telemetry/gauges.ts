// Which gauges a stretch of windows has, which of them only count up, and a window's values by that.
import type { Row } from './windows.js';

export interface Gauges {
  /** Sorted. */
  readonly names: readonly string[];
  /** Those of which the growth matters, not the height. */
  readonly counters: ReadonlySet<string>;
}

/** Gauges that are there in a tenth of the windows or more. */
export function gaugesOf(rows: readonly Row[]): Gauges {
  const counts = new Map<string, number>();
  for (const row of rows) for (const name of Object.keys(row.mean)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts]
    .filter(([, count]) => count >= rows.length / 10)
    .map(([name]) => name)
    .sort();
  return { names, counters: new Set(names.filter((name) => isCounter(rows.map((row) => row.last[name])))) };
}

/** A counter only grows, and did: what matters is by how much. */
function isCounter(values: readonly (number | undefined)[]): boolean {
  const there = values.filter((value) => value !== undefined);
  const first = there[0];
  const end = there.at(-1);
  if (first === undefined || end === undefined || end <= first) return false;
  let steps = 0;
  for (let i = 1; i < there.length; i++) {
    const step = (there[i] as number) - (there[i - 1] as number);
    if (step < 0) return false;
    if (step > 0) steps++;
  }
  return steps >= 5;
}

/** By gauge, NaN where nothing is known. @param before the last values of the window before. */
export function valuesOf({ names, counters }: Gauges, row: Row, before: Readonly<Record<string, number>>): number[] {
  return names.map((name) => {
    if (!counters.has(name)) return row.mean[name] ?? Number.NaN;
    const now = row.last[name];
    const was = before[name];
    // A restart sets counters back: nothing is known of that window.
    return now === undefined || was === undefined || now < was ? Number.NaN : now - was;
  });
}

/** `columns[g][t]` of consecutive windows of one worker. @param before the last values of the window before the first. */
export function columnsOf(
  gauges: Gauges,
  rows: readonly Row[],
  before: Readonly<Record<string, number>> = rows[0]?.last ?? {},
): Float64Array[] {
  let last = before;
  const table = rows.map((row) => {
    const values = valuesOf(gauges, row, last);
    last = row.last;
    return values;
  });
  return gauges.names.map((_, g) => Float64Array.from(table, (values) => values[g] as number));
}
