// Everything learned from one target that feeds the models: linear score, master's rate, neighbours' results, levels' rates.
// The one thing to know: `crossFit` gives each training row these numbers from folds that do not hold it; `serve` is fitted on all.
import { levelOf } from './fields.js';
import { type History, historyFeatures } from './history.js';
import { trainLinear } from './linear.js';
import { fitMasterRates, type MasterRates, masterRate } from './master-rates.js';
import type { NeighbourList } from './neighbours.js';
import type { TaskReader, TaskView } from './reader.js';
import { FOLDS, type TrainingSet } from './training-set.js';

const NEIGHBOURS_USED = 30;
const SHARPNESS = 10;
const PRIOR_NEIGHBOURS = 2;

/** Results by kept text: entries of text t at starts[t] … starts[t+1]. */
export interface Memory {
  starts: Int32Array;
  masters: string[];
  master: Int32Array;
  target: Float32Array;
  /** Fold of each entry; cleared for serving. */
  fold: Uint8Array;
}

export interface TargetState {
  weights: Float32Array;
  rates: MasterRates;
  /** One for each field of names, in the reader's order. */
  levels: MasterRates[];
  memory: Memory;
  history: History;
}

export interface TargetProblem {
  loss: 'logistic' | 'squared';
  targets: Float32Array;
  /** Rows that have the target. */
  rows: Int32Array;
  history: History;
}

/** What one row looks like to the second stage. */
export interface StageRow {
  /** Log odds, or the expected (logarithmic) number. */
  linear: number;
  rate: number;
  tree: number[];
}

export function buildMemory(set: TrainingSet, problem: TargetProblem): Memory {
  const texts = set.store.dimensions ? set.store.vectors.length / set.store.dimensions : 0;
  const rows = problem.rows
    .filter((r) => set.keptText[r]! >= 0)
    .sort((a, b) => set.keptText[a]! - set.keptText[b]! || a - b);
  const starts = new Int32Array(texts + 1);
  for (const r of rows) starts[set.keptText[r]! + 1]!++;
  for (let t = 0; t < texts; t++) starts[t + 1]! += starts[t]!;
  const masters = [...new Set(set.masters)].sort();
  const numbers = new Map(masters.map((name, i) => [name, i]));
  return {
    starts,
    masters,
    master: Int32Array.from(rows, (r) => numbers.get(set.masters[r]!)!),
    target: Float32Array.from(rows, (r) => problem.targets[r]!),
    fold: Uint8Array.from(rows, (r) => set.fold[r]!),
  };
}

export function fitTarget(
  reader: TaskReader,
  set: TrainingSet,
  problem: TargetProblem,
  ridge: number,
  memory: Memory,
  rows = problem.rows,
): TargetState {
  const { loss, targets, history } = problem;
  return {
    weights: Float32Array.from(trainLinear(set.matrix, targets, rows, { loss, ridge })),
    rates: fitMasterRates(set.masters, targets, rows),
    levels: reader.state.fields.flatMap((field) => {
      if (field.kind !== 'name') return [];
      const present = rows.filter((r) => levelOf(field, set.views[r]!.bag) !== undefined);
      return [
        fitMasterRates(
          set.views.map((v) => levelOf(field, v.bag) ?? ''),
          targets,
          present,
        ),
      ];
    }),
    memory,
    history,
  };
}

/** Stage rows of `problem.rows`, each from a fit without its fold. */
export function crossFit(reader: TaskReader, set: TrainingSet, problem: TargetProblem, ridge: number): StageRow[] {
  const memory = buildMemory(set, problem);
  const stages = new Map<number, StageRow>();
  for (let fold = 0; fold < FOLDS; fold++) {
    const learn = problem.rows.filter((r) => set.fold[r] !== fold);
    const held = problem.rows.filter((r) => set.fold[r] === fold);
    if (!held.length) continue;
    const state = fitTarget(reader, set, problem, ridge, memory, learn.length ? learn : held);
    for (const r of held) {
      const { at } = set.rows[r]!;
      stages.set(r, stageRow(reader, state, set.views[r]!, set.masters[r]!, at, set.neighbours[r]!, fold));
    }
  }
  return Array.from(problem.rows, (r) => stages.get(r)!);
}

/** @param without entries of this fold are left out; −1: all are used. */
export function stageRow(
  reader: TaskReader,
  state: TargetState,
  view: TaskView,
  master: string,
  at: number | undefined,
  neighbours: NeighbourList,
  without = -1,
): StageRow {
  const row = reader.linearRow(view, master);
  let linear = state.weights[reader.width]!;
  row.columns.forEach((column, i) => {
    linear += row.values[i]! * state.weights[column]!;
  });
  const rate = masterRate(state.rates, master);
  const names = reader.state.fields.filter((field) => field.kind === 'name');
  const levels = names.map((field, k) => {
    const level = levelOf(field, view.bag);
    return level === undefined ? Number.NaN : masterRate(state.levels[k]!, level);
  });
  return {
    linear,
    rate,
    tree: [
      ...reader.treeRow(view, master),
      linear,
      rate,
      ...neighbourFeatures(state, master, rate, neighbours, without),
      ...levels,
      ...historyFeatures(state.history, master, at),
    ],
  };
}

/** Neighbours' mean result of all and of this master, pulled to the rates; nearest and tenth cosine. */
function neighbourFeatures(
  state: TargetState,
  master: string,
  rate: number,
  list: NeighbourList,
  without: number,
): number[] {
  const { memory } = state;
  const own = memory.masters.indexOf(master);
  const top = list.cosines[0] ?? 0;
  let used = 0;
  let all = PRIOR_NEIGHBOURS * state.rates.overall;
  let allWeight = PRIOR_NEIGHBOURS;
  let mine = PRIOR_NEIGHBOURS * rate;
  let mineWeight = PRIOR_NEIGHBOURS;
  for (let i = 0; i < list.texts.length && used < NEIGHBOURS_USED; i++) {
    const text = list.texts[i]!;
    const weight = Math.exp(SHARPNESS * (list.cosines[i]! - top));
    let counted = false;
    for (let e = memory.starts[text]!; e < memory.starts[text + 1]!; e++) {
      if (memory.fold[e] === without) continue;
      counted = true;
      all += weight * memory.target[e]!;
      allWeight += weight;
      if (memory.master[e] !== own) continue;
      mine += weight * memory.target[e]!;
      mineWeight += weight;
    }
    if (counted) used++;
  }
  const tenth = list.cosines[Math.min(9, list.cosines.length - 1)] ?? 0;
  return [all / allWeight, mine / mineWeight, mineWeight - PRIOR_NEIGHBOURS, top, tenth];
}
