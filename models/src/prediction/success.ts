// Will this master succeed at this task? Four candidates compete on held-out folds; the one with the least log loss serves.
// The one thing to know: a model has to beat the master's own rate there for sure, so with nothing to learn that rate serves.
import { type BoostModel, boostScores, sigmoid } from '../gradient-boosting/index.js';
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
/** Standard errors that a gain over the master's rate has to exceed: 95 % sure, one-sided. */
const SURE = 1.64;

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
  const { serves, validation } = chooseCandidate(scores, targets);
  // The master's rate is a frequency already.
  const calibration: Calibration =
    serves === 'master' ? { kind: 'identity' } : fitCalibration(scores[serves], targets, fold);
  const held = new Float64Array(set.rows.length).fill(Number.NaN);
  rows.forEach((r, i) => {
    held[r] = humble(calibrated(calibration, scores[serves][i]!), rows.length);
  });
  const memory = buildMemory(set, problem);
  const state = fitTarget(reader, set, problem, ridge, { ...memory, fold: new Uint8Array() });
  state.history = recentHistory(state.history);
  return { model: { state, boost: boost.model, serves, calibration, rows: rows.length, ridge, validation }, held };
}

/** The least held-out loss, if its gain over the master's own rate is sure. */
function chooseCandidate(scores: Record<SuccessCandidate, Float64Array>, targets: Float32Array) {
  const lossOf = (name: SuccessCandidate) => scores[name].map((s, i) => logLossOf(sigmoid(s), targets[i]!));
  const plain = lossOf('master');
  const validation = { master: mean(plain), linear: 0, boosting: 0, blend: 0 };
  let serves: SuccessCandidate = 'master';
  for (const name of SUCCESS_CANDIDATES) {
    if (name === 'master') continue;
    const losses = lossOf(name);
    validation[name] = mean(losses);
    const gains = losses.map((loss, i) => plain[i]! - loss);
    const gain = mean(gains);
    const doubt = Math.sqrt(mean(gains.map((g) => (g - gain) ** 2)) / gains.length);
    if (gain > SURE * doubt && validation[name] < validation[serves]) serves = name;
  }
  return { serves, validation };
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
  return Array.from(scoresOf(stages, boosted)[model.serves], (score) =>
    humble(calibrated(model.calibration, score), model.rows),
  );
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

/** Nothing is surer than half a miss in all rows: sixty successes of sixty are no certainty. */
function humble(chance: number, rows: number): number {
  const least = 0.5 / (rows + 1);
  return Math.min(1 - least, Math.max(least, chance));
}
