// When the words alone may decide, so that the encoder need not be asked.
// The one thing to know: how sure the words are is a curve of its own (odds, lead, known words …), learnt on held-out rows, with
// texts no master fits among the wrong ones; the threshold spends 90 % of the loss that is allowed:
// fresh tasks get the rest. Below the odds that the costs ask for, everybody is asked before a person is.
import { fitLogistic, type LogisticModel, largest, logisticOdds } from '../calibration/index.js';
import { type ScopeExample, scopeFeatures } from '../scope/index.js';
import type { StageJudged } from './stage.js';

export interface EarlyExit {
  /** How sure the words have to be to decide. */
  threshold: number;
  /** From what the words noticed to the probability that they are right. */
  sure: LogisticModel;
  /** On the held-out rows: share that leaves early, and the accuracy lost by it (may be negative: a gain). */
  share: number;
  loss: number;
}

export interface EarlyExitProblem {
  /** The words' stage and the full one on the same held-out rows. */
  words: StageJudged;
  full: StageJudged;
  target: ArrayLike<number>;
  labels: number;
  /** The words' stage on texts that no master fits. */
  outsiders: StageJudged;
  outsideShare: number;
  /** Loss of accuracy at most, e.g. 0.002. */
  allowed: number;
  /** How sure the words must be at least, whatever is lost by it. */
  floor: number;
}

const FEWEST_ROWS = 100;
const SPENT = 0.9;

/** @returns undefined when leaving early never pays, or rows are too few to say. */
export async function fitEarlyExit(problem: EarlyExitProblem): Promise<EarlyExit | undefined> {
  const { words, full, target, labels, outsiders, outsideShare, allowed, floor } = problem;
  const rows = words.examples.length;
  if (rows < FEWEST_ROWS) return undefined;
  const early = words.examples.map(({ odds }) => largest(odds));
  const right = early.map((label, r) => label === target[r]);
  const gain = full.examples.map(({ odds }, r) => Number(right[r]) - Number(largest(odds) === target[r]));
  const sure = await fitSure(words.examples, right, outsiders.examples, outsideShare);
  const scores = words.examples.map((example, r) =>
    words.scope[r]! < 0.5 ? 0 : logisticOdds(sure, scopeFeatures(example)),
  );
  const order = Int32Array.from({ length: rows }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const budget = allowed * SPENT * rows;
  let change = 0;
  let found: EarlyExit | undefined;
  for (let i = 0; i < rows; i++) {
    change += gain[order[i]!]!;
    const threshold = scores[order[i]!]!;
    if (threshold < floor) break;
    if (i + 1 < rows && scores[order[i + 1]!] === threshold) continue;
    if (-change <= budget) found = { threshold, sure, share: (i + 1) / rows, loss: -change / rows };
  }
  return labels > 1 ? found : undefined;
}

function fitSure(
  inside: readonly ScopeExample[],
  right: readonly boolean[],
  outside: readonly ScopeExample[],
  outsideShare: number,
) {
  const all = [...inside, ...outside].map(scopeFeatures);
  const width = all[0]!.length;
  const flat = new Float64Array(all.length * width);
  all.forEach((features, r) => {
    flat.set(features, r * width);
  });
  const each = outside.length ? (outsideShare * inside.length) / (1 - outsideShare) / outside.length : 0;
  const rowWeights = all.map((_, r) => (r < inside.length ? 1 : each));
  const positive = all.map((_, r) => right[r] ?? false);
  const names = Array.from({ length: width }, (_, f) => `signal ${f + 1}`);
  return fitLogistic(names, flat, positive, { rowWeights, penalty: 1e-4 });
}

/** Whether the words decide this one; never where it is likelier that no master fits. */
export function leavesEarly(exit: EarlyExit, example: ScopeExample, scope: number): boolean {
  return scope >= 0.5 && logisticOdds(exit.sure, scopeFeatures(example)) >= exit.threshold;
}
