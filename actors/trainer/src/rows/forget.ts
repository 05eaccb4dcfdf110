// After drift: what used to be right must not outvote what is right now. Older rows of the masters whose work changed are forgotten, if that
// pays on the rows since.
// The one thing to know: when a master changed is told by its failures, which need no corrections; whether forgetting helps is told by labels.
// A worker that broke down fails as well, but then its older rows still answer the newer ones best, and nothing is forgotten.
import {
  changedMasters,
  forgetChanged as forgetBefore,
  type LabelledRow,
  pairedDifference,
  type RefusedRow,
  type TrainingRow,
  trainRouter,
} from '@cortex/models';

type Labelled = Pick<LabelledRow, 'text' | 'label' | 'weight' | 'master' | 'at'>;
type Refused = Pick<RefusedRow, 'text' | 'label' | 'not' | 'weight' | 'at'>;

/** Masters whose work changed, and since when (milliseconds since 1970). */
export type Changed = Readonly<Record<string, number>>;

export interface Forgotten<L, R> {
  readonly rows: L[];
  readonly refused: R[];
  /** How many rows of both kinds were forgotten. */
  readonly forgotten: number;
  readonly changed: Changed;
}

/** Rows since the change that are looked at, at most and at least. */
const NEWEST = 300;
const FEWEST = 30;
/** Older rows that are looked at to decide. */
const MOST = 3_000;
const FOLDS = 3;

/**
 * @param known changes found by earlier trainings: what was forgotten stays forgotten.
 * @param look look for further changes; it costs six trainings by words.
 */
export async function forgetChanged<L extends Labelled, R extends Refused>(
  rows: readonly L[],
  refused: readonly R[],
  known: Changed,
  { look, seed }: { readonly look: boolean; readonly seed: number },
): Promise<Forgotten<L, R>> {
  const found = look ? await newlyChanged(rows, refused, known, seed) : {};
  const changed = { ...known, ...found };
  const kept = without(rows, refused, changed);
  return { ...kept, forgotten: rows.length + refused.length - kept.rows.length - kept.refused.length, changed };
}

function without<L extends Labelled, R extends Refused>(rows: readonly L[], refused: readonly R[], changed: Changed) {
  const since = new Map(Object.entries(changed));
  return {
    rows: forgetBefore(rows, since),
    refused: refused.filter(({ not, at }) => at >= (since.get(not) ?? 0)),
  };
}

async function newlyChanged(
  rows: readonly Labelled[],
  refused: readonly Refused[],
  known: Changed,
  seed: number,
): Promise<Changed> {
  const outcomes = [
    ...rows.map(({ master, label, at }) => ({ master, at, failed: label === master ? 0 : 1 })),
    ...refused.map(({ not, at }) => ({ master: not, at, failed: 1 })),
  ];
  // What failed before a known change is explained by it.
  const unexplained = outcomes.filter(({ master, at }) => at >= (known[master] ?? 0)).sort((a, b) => a.at - b.at);
  const found = Object.fromEntries(changedMasters(unexplained));
  if (Object.keys(found).length === 0) return {};
  const begin = Math.min(...Object.values(found));
  const byTime = [...rows].sort((a, b) => a.at - b.at);
  const newest = byTime.filter(({ at }) => at >= begin).slice(-NEWEST);
  if (newest.length < FEWEST) return {};
  const before = byTime.filter((row) => !newest.includes(row)).slice(-MOST);
  const remembering = without(before, refused, known);
  const forgetting = without(before, refused, { ...known, ...found });
  const keep = await rightWith([...remembering.rows, ...remembering.refused], newest, seed);
  const forget = await rightWith([...forgetting.rows, ...forgetting.refused], newest, seed);
  return pairedDifference(forget, keep).low > 0 ? found : {};
}

/** 1 for each of the newest rows that is answered right by a router that learned from `history` and the other newest rows. */
async function rightWith(history: readonly TrainingRow[], newest: readonly TrainingRow[], seed: number) {
  const right: number[] = new Array(newest.length).fill(0);
  for (let fold = 0; fold < FOLDS; fold++) {
    const mine = newest.map((_, i) => i).filter((i) => i % FOLDS === fold);
    const train = [...history, ...newest.filter((_, i) => i % FOLDS !== fold)];
    const said = await answers(
      train,
      mine.map((i) => newest[i] as TrainingRow),
      seed,
    );
    mine.forEach((i, k) => {
      right[i] = said[k] ?? 0;
    });
  }
  return right;
}

/** By words alone: quick, and enough to see whose work it is. */
async function answers(train: readonly TrainingRow[], test: readonly TrainingRow[], seed: number): Promise<number[]> {
  const names = [...new Set(train.flatMap(({ label }) => (label === null ? [] : [label])))];
  const router = await trainRouter({ masters: names.map((name) => ({ name })), rows: train, seed });
  const said = await router.route(
    test.map(({ text }) => ({ text })),
    { useCascade: false, explain: false },
  );
  return said.map(({ master }, i) => (master === test[i]?.label ? 1 : 0));
}
