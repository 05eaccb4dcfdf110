// Gradient boosting over histograms: many small trees, each mending what the ones before left.
// Sources: Friedman 2001 and 2002 (stochastic), Ke et al. 2017 (histograms, leaf-wise).
// The one thing to know: with `validation` rows it stops when they no longer gain and keeps the best number of trees.
import { quantile, seededRandom, shuffledIndices } from '../metrics/index.js';
import { type Binning, binColumns, binOf, type Columns, fitBinning } from './bins.js';
import { differentiate, type Loss, meanLoss, startOf } from './loss.js';
import { type GrowInput, growTree, type Tree } from './tree.js';

export interface BoostOptions {
  loss: Loss;
  /** Trees at most. Default 300. */
  trees?: number;
  /** Share of each tree's answer that counts. Default 0.05. */
  rate?: number;
  /** Leaves a tree. Default 7. */
  leaves?: number;
  /** Rows a leaf has at least. Default 20. */
  minRows?: number;
  /** Pull of the leaves towards 0. Default 5. */
  l2?: number;
  /** Bins a column, 2 to 254. Default 63. */
  bins?: number;
  /** Share of rows and of columns each tree sees. Default 0.8 and 0.5. */
  rowShare?: number;
  columnShare?: number;
  /** Trees without gain on the validation rows before it stops. Default 30. */
  patience?: number;
  /** Bins made before of these very columns, to save making them again. Default: made here. */
  binning?: Binning;
  /** Keep the trees after the best one too; `best` says how many were best. Default false. */
  keepAll?: boolean;
  seed?: number;
}

/** A trained model; plain numbers, so it is saved as JSON. */
export interface BoostModel {
  start: number;
  edges: number[][];
  trees: Tree[];
  /** Number of trees that did best on the validation rows; all of them when there were none. */
  best: number;
}

/** @param validation rows for early stopping; none: all trees are kept. @throws RangeError when there is no row. */
export function trainBoost(
  columns: Columns,
  targets: Float32Array,
  options: BoostOptions,
  rows: Int32Array = Int32Array.from(targets, (_, i) => i),
  validation: Int32Array = new Int32Array(),
): BoostModel {
  if (!rows.length) throw new RangeError('Gradient boosting needs at least one row.');
  const { trees = 300, rate = 0.05, leaves = 7, minRows = 20, l2 = 5, bins = 63, patience = 30, seed = 1 } = options;
  const random = seededRandom(seed);
  const binning = options.binning ?? fitBinning(columns, bins);
  const input: GrowInput = {
    bins: binColumns(columns, binning),
    stride: columns.rows,
    binCounts: Int32Array.from(binning.edges, (e) => e.length + 2),
    binSpace: Math.max(...binning.edges.map((e) => e.length + 2)),
    gradient: new Float32Array(columns.rows),
    curvature: new Float32Array(columns.rows),
    columns: new Int32Array(),
  };
  const usable = Int32Array.from(binning.edges.keys()).filter((c) => worthCutting(columns, binning, c));
  const start = startOf(options.loss, targets, rows);
  const scores = new Float64Array(columns.rows).fill(start);
  const kept: Tree[] = [];
  let best = validation.length ? meanLoss(options.loss, targets, scores, validation) : 0;
  let bestTrees = 0;
  for (let t = 0; t < trees; t++) {
    differentiate(options.loss, targets, scores, input.gradient, input.curvature);
    input.columns = share(usable, options.columnShare ?? 0.5, random);
    const leafRows = new Map<number, Int32Array>();
    const tree = growTree(
      input,
      share(rows, options.rowShare ?? 0.8, random),
      { leaves, minRows, l2, minGain: 1e-9 },
      leafRows,
    );
    if (tree.column.length === 1 && !validation.length) break;
    settleLeaves(tree, leafRows, options.loss, targets, scores, rate, l2);
    for (let r = 0; r < columns.rows; r++) scores[r]! += walk(tree, input.bins, columns.rows, r);
    kept.push(tree);
    if (!validation.length) continue;
    const now = meanLoss(options.loss, targets, scores, validation);
    if (now < best - 1e-7) {
      best = now;
      bestTrees = kept.length;
    } else if (kept.length - bestTrees >= patience) break;
  }
  if (!validation.length) bestTrees = kept.length;
  if (!options.keepAll) kept.length = bestTrees;
  return { start, edges: binning.edges.map((e) => [...e]), trees: kept, best: bestTrees };
}

/** A column with one value and nothing missing can split nothing. */
function worthCutting(columns: Columns, binning: Binning, c: number): boolean {
  if (binning.edges[c]!.length) return true;
  const column = columns.values.subarray(c * columns.rows, (c + 1) * columns.rows);
  return column.some(Number.isNaN) && column.some((v) => !Number.isNaN(v));
}

function share(all: Int32Array, part: number, random: () => number): Int32Array {
  if (part >= 1) return all;
  const take = Math.max(1, Math.round(all.length * part));
  return shuffledIndices(all.length, random)
    .slice(0, Math.min(take, all.length))
    .map((i) => all[i]!)
    .sort();
}

function settleLeaves(
  tree: Tree,
  leafRows: Map<number, Int32Array>,
  loss: Loss,
  targets: Float32Array,
  scores: Float64Array,
  rate: number,
  l2: number,
): void {
  for (const [node, rows] of leafRows) {
    if (loss.kind === 'quantile') {
      const residuals = Float64Array.from(rows, (r) => targets[r]! - scores[r]!).sort();
      tree.value[node] = (quantile(residuals, loss.level) * rows.length) / (rows.length + l2);
    }
    tree.value[node]! *= rate;
  }
}

function walk(tree: Tree, bins: Uint8Array, stride: number, row: number): number {
  let node = 0;
  while (tree.column[node]! >= 0) {
    const bin = bins[tree.column[node]! * stride + row]!;
    node = (bin === 0 ? tree.missingLeft[node] === 1 : bin <= tree.cut[node]!) ? tree.left[node]! : tree.right[node]!;
  }
  return tree.value[node]!;
}

/**
 * Score of each row (log odds for a logistic loss). A row is one number a column, NaN for missing.
 * @param trees use the first so many only; default all.
 */
export function boostScores(
  model: BoostModel,
  rows: readonly ArrayLike<number>[],
  trees = model.trees.length,
): Float64Array {
  const edges = model.edges;
  const used = trees < model.trees.length ? model.trees.slice(0, trees) : model.trees;
  const bins = new Uint8Array(edges.length);
  return Float64Array.from(rows, (row) => {
    for (let c = 0; c < edges.length; c++) bins[c] = binOf(edges[c]!, Math.fround(row[c]!));
    let score = model.start;
    for (const tree of used) score += walk(tree, bins, 1, 0);
    return score;
  });
}
