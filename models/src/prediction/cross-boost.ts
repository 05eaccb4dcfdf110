// Gradient boosting with honest scores of its own training rows: a model a fold for them, one on all rows to serve.
// The one thing to know: the number of trees is one number for all folds (their mean best), so no fold tunes on itself alone.
import {
  type BoostModel,
  type BoostOptions,
  boostScores,
  columnsOf,
  fitBinning,
  type Loss,
  trainBoost,
} from '../gradient-boosting/index.js';
import { mean } from '../metrics/index.js';
import { FOLDS } from './training-set.js';

const BINS = 63;

export interface CrossBoost {
  model: BoostModel;
  /** Score of each row by the model that did not see its fold. */
  held: Float64Array;
}

/** The one setting of the trees for every family. @param trees default 250. */
export function boostOptions(loss: Loss, rows: number, seed: number, trees = 250): BoostOptions {
  return {
    loss,
    seed,
    trees,
    rate: 0.05,
    leaves: 7,
    minRows: Math.max(5, Math.min(20, Math.floor(rows / 20))),
    l2: 5,
    rowShare: 0.7,
    columnShare: 0.3,
  };
}

export function crossBoost(
  rows: readonly number[][],
  targets: Float32Array,
  fold: Uint8Array,
  loss: Loss,
  seed: number,
): CrossBoost {
  const columns = columnsOf(rows, rows[0]!.length);
  const numbers = Int32Array.from(rows, (_, i) => i);
  const options = { ...boostOptions(loss, rows.length, seed), binning: fitBinning(columns, BINS) };
  const fits: { model: BoostModel; rows: Int32Array }[] = [];
  for (let f = 0; f < FOLDS; f++) {
    const heldRows = numbers.filter((i) => fold[i] === f);
    const learn = numbers.filter((i) => fold[i] !== f);
    if (!heldRows.length || !learn.length) continue;
    fits.push({ model: trainBoost(columns, targets, { ...options, keepAll: true }, learn, heldRows), rows: heldRows });
  }
  const trees = Math.max(1, Math.round(mean(fits.map((fit) => fit.model.best))));
  const held = new Float64Array(rows.length);
  for (const fit of fits) {
    const scores = boostScores(
      fit.model,
      Array.from(fit.rows, (i) => rows[i]!),
      trees,
    );
    fit.rows.forEach((i, k) => {
      held[i] = scores[k]!;
    });
  }
  return { model: trainBoost(columns, targets, { ...options, trees }), held };
}
