// Training rows in, sound rows out, and for each row that was taken out why. Pure. The one thing to know: nothing is dropped in silence and
// nothing is invented; rows come back in their order, as they were, but for the weight of a text that was given several times.
import { type NearIndex, nearIndex } from './near.js';
import { originsOf } from './origin.js';
import { momentOf, type Origin, type Quarantined, type RawRow, type Reason, sameText } from './rows.js';
import { problemOf } from './validate.js';

export interface CleanOptions {
  /** Milliseconds since 1970; a row later than a day after it is out of range. Default: now. */
  readonly now?: number;
  /** Texts that will be tested on: training rows that repeat one are leaks. Default none. */
  readonly heldOut?: readonly string[];
  /** Share of common three-term runs from which on a text repeats another, 0 to 1. Default 0.9; above 1: only exact copies count. */
  readonly likeness?: number;
  /** Share of a text's weight that one label must have to win over the others. Default 2/3. */
  readonly majority?: number;
  /** Most a text may count that was given several times, in weights of its heaviest row. Default 3. */
  readonly copies?: number;
  /** Origins that may stay. Default: real. */
  readonly origins?: readonly Origin[];
}

export interface Cleaned<R extends RawRow> {
  readonly rows: R[];
  readonly quarantined: Quarantined<R>[];
  /** Pairs of near-equal texts with different labels that both stayed: worth a person's look. */
  readonly nearConflicts: number;
  readonly origins: Readonly<Record<Origin, number>>;
}

export function cleanRows<R extends RawRow>(given: readonly R[], options: CleanOptions = {}): Cleaned<R> {
  const { now = Date.now(), heldOut = [], likeness = 0.9, majority = 2 / 3, copies = 3 } = options;
  const allowed = new Set<Origin>(options.origins ?? ['real']);
  const quarantined: Quarantined<R>[] = [];
  let left = given.map((row, index) => ({ row, index }));
  type Entry = (typeof left)[number];
  const sift = (judge: (entry: Entry, place: number) => { reason: Reason; detail: string } | undefined) => {
    left = left.filter((entry, place) => {
      const problem = judge(entry, place);
      if (problem) quarantined.push({ ...entry, ...problem });
      return problem === undefined;
    });
  };

  sift(({ row }) => problemOf(row, now));

  const verdicts = originsOf(left.map(({ row }) => row));
  const origins = { real: 0, test: 0, generated: 0 };
  for (const { origin } of verdicts) origins[origin]++;
  sift((_entry, place) => {
    const verdict = verdicts[place];
    if (!verdict || verdict.origin === 'real' || allowed.has(verdict.origin)) return undefined;
    return { reason: verdict.origin, detail: verdict.detail };
  });

  const held = nearIndex(likeness);
  const heldTexts = new Set(heldOut.map(sameText));
  for (const [i, text] of heldOut.entries()) held.add(text, i);
  sift(({ row }) => {
    if (heldTexts.has(sameText(row.text))) return { reason: 'leak', detail: 'the same text is held out for testing' };
    return held.find(row.text) === undefined
      ? undefined
      : { reason: 'leak', detail: 'nearly the same text is held out for testing' };
  });

  const winners = winningLabels(
    left.map(({ row }) => row),
    majority,
  );
  sift(({ row }) => {
    const winner = winners.get(sameText(row.text));
    if (!winner || winner.label === row.label) return undefined;
    const says = winner.label === undefined ? 'no label prevails' : `most say ${winner.label ?? 'no master fits'}`;
    return { reason: 'conflict', detail: `the same text has ${winner.labels} labels: ${says}` };
  });

  // Copies become one row that counts more, up to a point: a task that comes daily matters more, but not a hundred times.
  const first = new Map<string, { entry: Entry; sum: number; most: number }>();
  sift((entry) => {
    const key = sameText(entry.row.text);
    const weight = entry.row.weight ?? 1;
    const known = first.get(key);
    if (!known) {
      first.set(key, { entry, sum: weight, most: weight });
      return undefined;
    }
    known.sum += weight;
    known.most = Math.max(known.most, weight);
    return { reason: 'duplicate', detail: `the text of ${nameOf(known.entry)} again; that one counts more instead` };
  });

  const near: NearIndex = nearIndex(likeness);
  const byIndex = new Map(left.map((entry) => [entry.index, entry]));
  let nearConflicts = 0;
  sift((entry) => {
    const found = near.find(entry.row.text);
    const other = found === undefined ? undefined : byIndex.get(found);
    if (other && other.row.label === entry.row.label)
      return { reason: 'near-duplicate', detail: `nearly the text of ${nameOf(other)}` };
    if (other) nearConflicts++;
    near.add(entry.row.text, entry.index);
    return undefined;
  });

  const rows = left.map(({ row }) => {
    const counted = first.get(sameText(row.text));
    const weight = counted ? Math.min(counted.sum, copies * counted.most) : undefined;
    return weight === undefined || weight === (row.weight ?? 1) ? row : { ...row, weight };
  });
  return { rows, quarantined: quarantined.sort((a, b) => a.index - b.index), nearConflicts, origins };
}

/** For texts with several labels: the one that prevails, or undefined when none does. */
function winningLabels(
  rows: readonly RawRow[],
  majority: number,
): Map<string, { label: string | null | undefined; labels: number }> {
  const weights = new Map<string, Map<string | null, number>>();
  for (const { text, label, weight = 1 } of rows) {
    const key = sameText(text);
    const labels = weights.get(key) ?? new Map<string | null, number>();
    labels.set(label, (labels.get(label) ?? 0) + weight);
    weights.set(key, labels);
  }
  const winners = new Map<string, { label: string | null | undefined; labels: number }>();
  for (const [key, labels] of weights) {
    if (labels.size < 2) continue;
    const total = [...labels.values()].reduce((sum, w) => sum + w, 0);
    const best = [...labels].reduce((a, b) => (b[1] > a[1] ? b : a));
    winners.set(key, { label: best[1] / total >= majority ? best[0] : undefined, labels: labels.size });
  }
  return winners;
}

function nameOf({ row, index }: { row: RawRow; index: number }): string {
  return row.task === undefined ? `row ${index + 1}` : `task ${row.task.slice(0, 80)}`;
}

/** From when to when the rows are; undefined when none has a time. */
export function spanOf(rows: readonly RawRow[]): { from: string; to: string } | undefined {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at } of rows) {
    if (at === undefined) continue;
    const moment = momentOf(at);
    from = Math.min(from, moment);
    to = Math.max(to, moment);
  }
  return from <= to ? { from: new Date(from).toISOString(), to: new Date(to).toISOString() } : undefined;
}
