// How many minutes, tokens, points: the median and a bound that nine in ten stay below, on a logarithmic scale.
// Sources: Romano, Patterson & Candès 2019 (conformalised quantile regression); Koenker & Bassett 1978 (quantiles).
// The one thing to know: a model may only move the answer away from the master's median as far as it would have paid in the past.
import { type BoostModel, boostScores } from '../gradient-boosting/index.js';
import { mean, quantile } from '../metrics/index.js';
import { crossBoost } from './cross-boost.js';
import { type Chained, chainForward } from './forward-chain.js';
import { fitHistory, recentHistory } from './history.js';
import { fitMedians } from './master-medians.js';
import { type MasterRates, masterRate } from './master-rates.js';
import type { TaskReader } from './reader.js';
import { chooseRidge } from './ridge-choice.js';
import type { Quantity, QuantityPrediction } from './rows.js';
import {
  buildMemory,
  crossFit,
  fitTarget,
  type StageRow,
  type TargetProblem,
  type TargetState,
} from './target-features.js';
import type { TrainingSet } from './training-set.js';

export const QUANTITY_CANDIDATES = ['median', 'linear', 'boosting', 'blend'] as const;
export type QuantityCandidate = (typeof QUANTITY_CANDIDATES)[number];
export const BOUND_CANDIDATES = ['median', 'linear', 'boosting'] as const;
export type BoundCandidate = (typeof BOUND_CANDIDATES)[number];

export interface QuantityModel {
  state: TargetState;
  medians: MasterRates;
  boost50: BoostModel;
  boost90: BoostModel;
  serves: QuantityCandidate;
  /** How far from the master's median towards the candidate, 0 to 1. */
  trust: number;
  /** Median residual of the linear score. */
  linearShift: number;
  bound: BoundCandidate;
  /** Conformal addition that makes the bound hold for nine in ten. */
  boundShift: number;
  rows: number;
  ridge: number;
  /** Mean absolute error ahead of time, in the target's unit, of each candidate at full trust. */
  validation: Record<QuantityCandidate, number>;
}

export interface TrainedQuantity {
  model: QuantityModel;
  /** Held-out median of each training row; NaN where the number is absent. */
  held: Float64Array;
}

const RIDGES = [3, 10, 30, 100];
const TRUSTS = [0.25, 0.5, 0.75, 1];
const LEVEL = 0.9;
/** Standard errors that a gain over the median has to exceed: 95 % sure, one-sided. */
const SURE = 1.64;

export function trainQuantity(reader: TaskReader, set: TrainingSet, quantity: Quantity, seed: number): TrainedQuantity {
  const problem = quantityProblem(set, quantity);
  const { rows } = problem;
  const logs = Float32Array.from(rows, (r) => problem.targets[r]!);
  const fold = Uint8Array.from(rows, (r) => set.fold[r]!);
  const ridge = chooseRidge(set, problem, RIDGES);
  const stages = crossFit(reader, set, problem, ridge);
  const trees = stages.map((stage) => stage.tree);
  const boost50 = crossBoost(trees, logs, fold, { kind: 'quantile', level: 0.5 }, seed);
  const boost90 = crossBoost(trees, logs, fold, { kind: 'quantile', level: LEVEL }, seed + 1);
  const medians = heldMedians(set, problem, fold);
  const linearShift = quantile(logs.map((y, i) => y - stages[i]!.linear).sort(), 0.5);
  const centres = centresOf(medians.held, stages, linearShift, boost50.held);
  const chained = chainForward(reader, set, problem, ridge, boost50.model.trees.length, seed);
  const { serves, trust, validation } = chooseCentre(chained);
  const { bound, boundShift } = chooseBound(boundsOf(centres, boost90.held), logs);
  const held = new Float64Array(set.rows.length).fill(Number.NaN);
  rows.forEach((r, i) => {
    held[r] = numberOfLog(blendOf(centres.median[i]!, centres[serves][i]!, trust));
  });
  const state = fitTarget(reader, set, problem, ridge, { ...buildMemory(set, problem), fold: new Uint8Array() });
  state.history = recentHistory(state.history);
  return {
    model: {
      state,
      medians: medians.all,
      boost50: boost50.model,
      boost90: boost90.model,
      serves,
      trust,
      linearShift,
      bound,
      boundShift,
      rows: rows.length,
      ridge,
      validation,
    },
    held,
  };
}

/** p50 and p90 in the target's unit, p90 never below p50. */
export function quantitiesOf(
  model: QuantityModel,
  stages: readonly StageRow[],
  masters: readonly string[],
): QuantityPrediction[] {
  const trees = stages.map((stage) => stage.tree);
  const medians = Float64Array.from(masters, (master) => masterRate(model.medians, master));
  const centres = centresOf(medians, stages, model.linearShift, boostScores(model.boost50, trees));
  const bounds = boundsOf(centres, boostScores(model.boost90, trees))[model.bound];
  return stages.map((_, i) => {
    const p50 = numberOfLog(blendOf(medians[i]!, centres[model.serves][i]!, model.trust));
    return { p50, p90: Math.max(p50, numberOfLog(bounds[i]! + model.boundShift)) };
  });
}

function quantityProblem(set: TrainingSet, quantity: Quantity): TargetProblem {
  const targets = Float32Array.from(set.rows, (row) => Math.log1p(row[quantity] ?? 0));
  const rows = Int32Array.from(set.rows, (_, r) => r).filter((r) => set.rows[r]![quantity] !== undefined);
  const named = Array.from(rows, (r) => set.masters[r]!);
  const history = fitHistory(
    named,
    Array.from(rows, (r) => set.rows[r]!.at),
    Array.from(rows, (r) => targets[r]!),
  );
  return { loss: 'squared', targets, rows, history };
}

/** To six digits: targets are kept as 32-bit logarithms, and a median of 3 shall come back as 3, not as 3.0000001. */
function numberOfLog(log: number): number {
  return Number(Math.max(0, Math.expm1(Math.min(log, 50))).toPrecision(6));
}

function blendOf(from: number, to: number, share: number): number {
  return from + share * (to - from);
}

function centresOf(medians: Float64Array, stages: readonly StageRow[], shift: number, boosted: Float64Array) {
  const linear = Float64Array.from(stages, (s) => s.linear + shift);
  return { median: medians, linear, boosting: boosted, blend: linear.map((l, i) => (l + boosted[i]!) / 2) };
}

function boundsOf(centres: Record<QuantityCandidate, Float64Array>, boost90: Float64Array) {
  return { median: centres.median, linear: centres.linear, boosting: boost90 };
}

/** Masters' medians pulled to the median of all; `held` from the other folds. */
function heldMedians(set: TrainingSet, problem: TargetProblem, fold: Uint8Array) {
  const { rows, targets } = problem;
  const held = new Float64Array(rows.length);
  for (const f of new Set(fold)) {
    const learn = rows.filter((_, i) => fold[i] !== f);
    const medians = fitMedians(set.masters, targets, learn.length ? learn : rows);
    rows.forEach((r, i) => {
      if (fold[i] === f) held[i] = masterRate(medians, set.masters[r]!);
    });
  }
  return { held, all: fitMedians(set.masters, targets, rows) };
}

/** The candidate and trust with the least error ahead of time, if the gain over the median is sure and no block lost by it. */
function chooseCentre({ block, truth, ...said }: Chained) {
  const centres = { ...said, blend: said.linear.map((l, i) => (l + said.boosting[i]!) / 2) };
  const errors = (log: Float64Array, trust: number) =>
    log.map((to, i) => Math.abs(numberOfLog(blendOf(centres.median[i]!, to, trust)) - Math.expm1(truth[i]!)));
  const plain = errors(centres.median, 0);
  const validation = { median: mean(plain), linear: 0, boosting: 0, blend: 0 };
  let serves: QuantityCandidate = 'median';
  let trust = 0;
  let least = validation.median;
  for (const name of QUANTITY_CANDIDATES) {
    if (name === 'median') continue;
    for (const share of TRUSTS) {
      const now = errors(centres[name], share);
      const gains = now.map((e, i) => plain[i]! - e);
      const gain = mean(gains);
      if (share === 1) validation[name] = mean(now);
      const doubt = Math.sqrt(mean(gains.map((g) => (g - gain) ** 2)) / gains.length);
      if (mean(now) >= least || gain <= SURE * doubt || !steady(gains, block)) continue;
      least = mean(now);
      serves = name;
      trust = share;
    }
  }
  return { serves, trust, validation };
}

/** True when no block loses: a gain that one stretch of time paid for is luck, not skill. */
function steady(gains: Float64Array, block: Float64Array): boolean {
  return [...new Set(block)].every((b) => mean(gains.filter((_, i) => block[i] === b)) >= 0);
}

/** Conformal shift of each candidate's bound, and the candidate with the least pinball loss after it. */
function chooseBound(bounds: Record<BoundCandidate, Float64Array>, logs: Float32Array) {
  let bound: BoundCandidate = 'median';
  let boundShift = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const name of BOUND_CANDIDATES) {
    const over = logs.map((y, i) => y - bounds[name][i]!).sort();
    const shift = over[Math.min(over.length, Math.ceil((over.length + 1) * LEVEL)) - 1]!;
    const loss = mean(logs.map((y, i) => pinball(y - bounds[name][i]! - shift)));
    if (loss >= least) continue;
    least = loss;
    bound = name;
    boundShift = shift;
  }
  return { bound, boundShift };
}

function pinball(residual: number): number {
  return residual > 0 ? LEVEL * residual : (LEVEL - 1) * residual;
}
