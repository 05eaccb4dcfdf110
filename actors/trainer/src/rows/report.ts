// What a training was made of: counts, balance of the labels, what was dropped and why, and how far it is from the training before. Pure.
import type { OutcomeRow, TrainingRow } from '@cortex/models';

export interface DataReport {
  readonly rows: number;
  /** Rows a label (router) or a master (predictor). */
  readonly labels: Record<string, number>;
  /** Why tasks gave no row, counted. */
  readonly dropped: Record<string, number>;
  /** Half the sum of what the shares of labels changed by since the training before: 0 the same, 1 nothing in common. */
  readonly drift?: number;
  /** Rows that say the same of the same text. */
  readonly repeated: number;
  /** Texts that were given several labels. */
  readonly conflicting: number;
}

export function reportOf(
  rows: readonly (TrainingRow | OutcomeRow)[],
  dropped: Readonly<Record<string, number>>,
  before?: Readonly<Record<string, number>>,
): DataReport {
  const labels: Record<string, number> = {};
  const said = new Map<string, Set<string>>();
  let repeated = 0;
  for (const row of rows) {
    const label = 'master' in row ? row.master : (row.label ?? '(none fits)');
    labels[label] = (labels[label] ?? 0) + 1;
    const before = said.get(row.text);
    if (!before) said.set(row.text, new Set([label]));
    else if (before.has(label)) repeated++;
    else before.add(label);
  }
  const conflicting = [...said.values()].filter((set) => set.size > 1).length;
  const drift = before && driftOf(before, labels);
  return {
    rows: rows.length,
    labels,
    dropped: { ...dropped },
    repeated,
    conflicting,
    ...(drift === undefined ? {} : { drift }),
  };
}

/** Total variation between two balances of labels; undefined when one of them is empty. */
export function driftOf(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): number | undefined {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const [n, m] = [sum(before), sum(now)];
  if (n === 0 || m === 0) return undefined;
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].reduce((d, name) => d + Math.abs((before[name] ?? 0) / n - (now[name] ?? 0) / m), 0) / 2;
}
