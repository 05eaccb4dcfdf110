// How hard to pull the linear model's weights towards 0: the least loss on held-out folds of the training rows.
import { sigmoid } from '../gradient-boosting/index.js';
import { logLossOf } from './calibrate.js';
import { trainLinear } from './linear.js';
import { timesRows } from './sparse.js';
import type { TargetProblem } from './target-features.js';
import type { TrainingSet } from './training-set.js';

const FOLDS_TRIED = 2;

export function chooseRidge(set: TrainingSet, problem: TargetProblem, candidates: readonly number[]): number {
  let best = candidates[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const ridge of candidates) {
    let loss = 0;
    for (let fold = 0; fold < FOLDS_TRIED; fold++) loss += heldLoss(set, problem, ridge, fold);
    if (loss < least) {
      least = loss;
      best = ridge;
    }
  }
  return best;
}

function heldLoss(set: TrainingSet, problem: TargetProblem, ridge: number, fold: number): number {
  const learn = problem.rows.filter((r) => set.fold[r] !== fold);
  const held = problem.rows.filter((r) => set.fold[r] === fold);
  if (!learn.length || !held.length) return 0;
  const w = trainLinear(set.matrix, problem.targets, learn, { loss: problem.loss, ridge });
  const scores = new Float64Array(held.length);
  timesRows(set.matrix, held, w, scores);
  let loss = 0;
  held.forEach((r, i) => {
    const y = problem.targets[r]!;
    loss += problem.loss === 'logistic' ? logLossOf(sigmoid(scores[i]!), y) : (scores[i]! - y) ** 2;
  });
  return loss;
}
