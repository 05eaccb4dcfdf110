// How far may a prediction leave the median? Asked the way it will be used: learn from the past, predict what came after.
// Source: rolling-origin evaluation, Tashman 2000. The one thing to know: random folds hide drift (a row's neighbours in time sit in the
// other folds); here each block is predicted from earlier rows alone, in the order of `at`, else of the file.
import { boostScores, columnsOf, trainBoost } from '../gradient-boosting/index.js';
import { quantile } from '../metrics/index.js';
import { boostOptions } from './cross-boost.js';
import { fitMedians } from './master-medians.js';
import { masterRate } from './master-rates.js';
import type { TaskReader } from './reader.js';
import { buildMemory, crossFit, fitTarget, stageRow, type TargetProblem } from './target-features.js';
import type { TrainingSet } from './training-set.js';

/** Where each block ends, as a share of the rows; the first part is only learned from. */
const CUTS = [0.4, 0.6, 0.8, 1];
/** From so many rows on one block is enough. */
const ONE_BLOCK_FROM = 8_000;

/** Logarithms: what happened, and what each candidate said beforehand. */
export interface Chained {
  /** Number of the block of each row. */
  block: Float64Array;
  truth: Float64Array;
  median: Float64Array;
  linear: Float64Array;
  boosting: Float64Array;
}

export function chainForward(
  reader: TaskReader,
  set: TrainingSet,
  problem: TargetProblem,
  ridge: number,
  trees: number,
  seed: number,
): Chained {
  const when = (r: number) => set.rows[r]!.at ?? r;
  const order = problem.rows.slice().sort((a, b) => when(a) - when(b) || a - b);
  const cuts = order.length >= ONE_BLOCK_FROM ? CUTS.slice(-2) : CUTS;
  const out: Record<keyof Chained, number[]> = { block: [], truth: [], median: [], linear: [], boosting: [] };
  for (let c = 0; c + 1 < cuts.length; c++) {
    const from = Math.floor(order.length * cuts[c]!);
    const learn = order.slice(0, from);
    const ahead = order.slice(from, Math.floor(order.length * cuts[c + 1]!));
    if (learn.length < 10 || !ahead.length) continue;
    const past: TargetProblem = { ...problem, rows: learn };
    const targets = Float32Array.from(learn, (r) => problem.targets[r]!);
    const stages = crossFit(reader, set, past, ridge);
    const shift = quantile(targets.map((y, i) => y - stages[i]!.linear).sort(), 0.5);
    const columns = columnsOf(
      stages.map((s) => s.tree),
      stages[0]!.tree.length,
    );
    const boost = trainBoost(
      columns,
      targets,
      boostOptions({ kind: 'quantile', level: 0.5 }, learn.length, seed, trees),
    );
    const state = fitTarget(reader, set, past, ridge, { ...buildMemory(set, past), fold: new Uint8Array() });
    const medians = fitMedians(set.masters, problem.targets, learn);
    const next = Array.from(ahead, (r) =>
      stageRow(reader, state, set.views[r]!, set.masters[r]!, set.rows[r]!.at, set.neighbours[r]!),
    );
    out.boosting.push(
      ...boostScores(
        boost,
        next.map((s) => s.tree),
      ),
    );
    ahead.forEach((r, i) => {
      out.block.push(c);
      out.truth.push(problem.targets[r]!);
      out.median.push(masterRate(medians, set.masters[r]!));
      out.linear.push(next[i]!.linear + shift);
    });
  }
  return {
    block: Float64Array.from(out.block),
    truth: Float64Array.from(out.truth),
    median: Float64Array.from(out.median),
    linear: Float64Array.from(out.linear),
    boosting: Float64Array.from(out.boosting),
  };
}
