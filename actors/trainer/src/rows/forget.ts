// After drift: what used to be right must not outvote what is right now. Old rows of the masters whose work changed are forgotten, if that
// pays on the newest rows; everybody else keeps all their history.
// The one thing to know: nothing is forgotten on suspicion. Each way of forgetting is tried by cross-validation on the newest rows, and
// keeping everything wins unless another way is clearly better.
import { pairedDifference, type TrainingRow, trainRouter } from '@cortex/models';

export interface Dated extends TrainingRow {
  /** When it was decided, milliseconds since 1970. */
  readonly at: number;
}

export interface Forgotten<R> {
  readonly rows: R[];
  readonly forgotten: R[];
  /** The masters whose older rows were forgotten. */
  readonly changed: string[];
}

/** The newest rows: they say what holds now. */
const NEWEST = 150;
/** How far back rows of a changed master are kept, in rows of all masters. */
const WINDOWS = [150, 400, 1_000];
/** No more rows than these are looked at to decide. */
const MOST = 3_000;
const FOLDS = 3;
/** Newest rows of a master from which on it can be judged. */
const FEW = 8;
/** Share of right answers that a master must have lost. */
const LOST = 0.3;

export async function forgetChanged<R extends Dated>(given: readonly R[], seed: number): Promise<Forgotten<R>> {
  const byTime = [...given].sort((a, b) => a.at - b.at);
  const newest = byTime.slice(-NEWEST);
  const before = byTime.slice(-MOST, -NEWEST);
  const nothing: Forgotten<R> = { rows: [...given], forgotten: [], changed: [] };
  if (before.length < 2 * NEWEST) return nothing;
  const changed = await changedMasters(before, newest, seed);
  if (changed.size === 0) return nothing;
  const cut = (rows: readonly R[], window: number) =>
    rows.filter((row, i) => i >= byTime.length - window || row.label === null || !changed.has(row.label));
  const recent = (window: number) => cut(byTime, window).filter((row) => before.includes(row));
  const keep = await rightWith(before, newest, seed);
  let best: { window: number; gain: number } | undefined;
  for (const window of WINDOWS.filter((w) => w < byTime.length)) {
    const right = await rightWith(recent(window), newest, seed);
    const gain = sum(right) - sum(keep);
    if (pairedDifference(right, keep).low > 0 && gain > (best?.gain ?? 0)) best = { window, gain };
  }
  if (!best) return nothing;
  const kept = new Set(cut(byTime, best.window));
  return {
    rows: given.filter((row) => kept.has(row)),
    forgotten: given.filter((row) => !kept.has(row)),
    changed: [...changed].sort(),
  };
}

/** Masters that a router of the time before answers much worse now than one did in that time. */
async function changedMasters<R extends Dated>(before: readonly R[], newest: readonly R[], seed: number) {
  // The usual is told by the older half: the younger one may have changed already.
  const part = (from: number, to: number) => before.slice(from * before.length, to * before.length);
  const usual = await recalls(part(0, 0.4), part(0.4, 0.6), seed);
  const now = await recalls(before, newest, seed);
  const changed = new Set<string>();
  for (const [label, { right, n }] of now) {
    const usually = usual.get(label);
    if (n >= FEW && usually && usually.n >= FEW && usually.right / usually.n - right / n >= LOST) changed.add(label);
  }
  return changed;
}

async function recalls<R extends Dated>(train: readonly R[], test: readonly R[], seed: number) {
  const right = await answers(train, test, seed);
  const counts = new Map<string, { right: number; n: number }>();
  test.forEach(({ label }, i) => {
    if (label === null) return;
    const count = counts.get(label) ?? { right: 0, n: 0 };
    counts.set(label, { right: count.right + (right[i] ?? 0), n: count.n + 1 });
  });
  return counts;
}

/** 1 for each of the newest rows that is answered right by a router that learned from `history` and the other newest rows. */
async function rightWith<R extends Dated>(history: readonly R[], newest: readonly R[], seed: number) {
  const right: number[] = new Array(newest.length).fill(0);
  for (let fold = 0; fold < FOLDS; fold++) {
    const mine = newest.map((_, i) => i).filter((i) => i % FOLDS === fold);
    const train = [...history, ...newest.filter((_, i) => i % FOLDS !== fold)];
    const said = await answers(
      train,
      mine.map((i) => newest[i] as R),
      seed,
    );
    mine.forEach((i, k) => {
      right[i] = said[k] ?? 0;
    });
  }
  return right;
}

/** By words alone: quick, and enough to see whose work it is. */
async function answers<R extends Dated>(train: readonly R[], test: readonly R[], seed: number): Promise<number[]> {
  const names = [...new Set(train.flatMap(({ label }) => (label === null ? [] : [label])))];
  const router = await trainRouter({ masters: names.map((name) => ({ name })), rows: train, seed });
  const said = await router.route(
    test.map(({ text }) => ({ text })),
    { useCascade: false, explain: false },
  );
  return said.map(({ master }, i) => (master === test[i]?.label ? 1 : 0));
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
