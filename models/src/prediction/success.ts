// Will this master succeed at this task? Four candidates compete on held-out folds; the one with the least log loss serves.
// The one thing to know: a candidate must beat the plainer ones there, so with nothing to learn the master's own rate serves.
import { type BoostModel, boostScores } from '../gradient-boosting/index.js';
import { mean } from '../metrics/index.js';
import { type Calibration, calibrated, fitCalibration, logLossOf } from './calibrate.js';
import { crossBoost } from './cross-boost.js';
import { fitHistory, recentHistory } from './history.js';
import type { TaskReader } from './reader.js';
import { chooseRidge } from './ridge-choice.js';
import {
  buildMemory,
  crossFit,
  fitTarget,
  type StageRow,
  type TargetProblem,
  type TargetState,
} from './target-features.js';
import type { TrainingSet } from './training-set.js';

export const SUCCESS_CANDIDATES = ['master', 'linear', 'boosting', 'blend'] as const;
export type SuccessCandidate = (typeof SUCCESS_CANDIDATES)[number];

export interface SuccessModel {
  state: TargetState;
  boost: BoostModel;
  serves: SuccessCandidate;
  calibration: Calibration;
  rows: number;
  ridge: number;
  /** Log loss of each candidate on rows it did not see, before calibration. */
  validation: Record<SuccessCandidate, number>;
}

export interface TrainedSuccess {
  model: SuccessModel;
  /** Calibrated chance of each training row from folds without it (calibration apart); NaN where there is no result. */
  held: Float64Array;
}

const RIDGES = [1, 3, 10, 30];
/** A fuller candidate has to win by this much of the loss. */
const MARGIN = 0.0005;

export function successProblem(set: TrainingSet): TargetProblem {
  const targets = Float32Array.from(set.rows, (row) => row.success ?? 0);
  const rows = Int32Array.from(set.rows, (_, r) => r).filter((r) => set.rows[r]!.success !== undefined);
  const named = Array.from(rows, (r) => set.masters[r]!);
  const history = fitHistory(
    named,
    Array.from(rows, (r) => set.rows[r]!.at),
    Array.from(rows, (r) => targets[r]!),
  );
  return { loss: 'logistic', targets, rows, history };
}

export function trainSuccess(reader: TaskReader, set: TrainingSet, seed: number): TrainedSuccess {
  const problem = successProblem(set);
  const { rows } = problem;
  const targets = Float32Array.from(rows, (r) => problem.targets[r]!);
  const fold = Uint8Array.from(rows, (r) => set.fold[r]!);
  const ridge = chooseRidge(set, problem, RIDGES);
  const stages = crossFit(reader, set, problem, ridge);
  const boost = crossBoost(
    stages.map((stage) => stage.tree),
    targets,
    fold,
    { kind: 'logistic' },
    seed,
  );
  const scores = scoresOf(stages, boost.held);
  const validation = { master: 0, linear: 0, boosting: 0, blend: 0 };
  let serves: SuccessCandidate = 'master';
  for (const name of SUCCESS_CANDIDATES) {
    validation[name] = mean(scores[name].map((s, i) => logLossOf(1 / (1 + Math.exp(-s)), targets[i]!)));
    if (validation[name] < validation[serves] - MARGIN) serves = name;
  }
  const calibration = fitCalibration(scores[serves], targets, fold);
  const held = new Float64Array(set.rows.length).fill(Number.NaN);
  rows.forEach((r, i) => {
    held[r] = calibrated(calibration, scores[serves][i]!);
  });
  const memory = buildMemory(set, problem);
  const state = fitTarget(reader, set, problem, ridge, { ...memory, fold: new Uint8Array() });
  state.history = recentHistory(state.history);
  return { model: { state, boost: boost.model, serves, calibration, rows: rows.length, ridge, validation }, held };
}

/** Calibrated chance of each stage row. */
export function successOf(model: SuccessModel, stages: readonly StageRow[]): number[] {
  const trees = model.serves === 'boosting' || model.serves === 'blend';
  const boosted = trees
    ? boostScores(
        model.boost,
        stages.map((s) => s.tree),
      )
    : new Float64Array(stages.length);
  return Array.from(scoresOf(stages, boosted)[model.serves], (score) => calibrated(model.calibration, score));
}

function scoresOf(stages: readonly StageRow[], boosted: Float64Array): Record<SuccessCandidate, Float64Array> {
  return {
    master: Float64Array.from(stages, (s) => logOdds(s.rate)),
    linear: Float64Array.from(stages, (s) => s.linear),
    boosting: boosted,
    blend: Float64Array.from(stages, (s, i) => (s.linear + boosted[i]!) / 2),
  };
}

function logOdds(chance: number): number {
  const p = Math.min(0.999, Math.max(0.001, chance));
  return Math.log(p / (1 - p));
}
