// The training rows as every family needs them: read once, in folds, with their neighbours.
// The one thing to know: folds are made of whole texts, so a task tried by two masters is never on both sides.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { type NeighbourList, nearest, type VectorStore } from './neighbours.js';
import type { TaskReader, TaskView } from './reader.js';
import { masterName, type OutcomeRow } from './rows.js';
import { type SparseMatrix, sparseMatrix } from './sparse.js';

export const FOLDS = 5;
const MOST_TEXTS_KEPT = 4_000;

export interface TrainingSet {
  rows: readonly OutcomeRow[];
  masters: string[];
  views: TaskView[];
  matrix: SparseMatrix;
  fold: Uint8Array;
  /** Vectors of the kept texts; `keptText` is the kept number of each row's text, or −1. */
  store: VectorStore;
  keptText: Int32Array;
  /** Neighbours of each row among the kept texts, its own text left out. Rows of one text share the list. */
  neighbours: NeighbourList[];
}

export function makeTrainingSet(
  rows: readonly OutcomeRow[],
  reader: TaskReader,
  embeddings: readonly Float32Array[] | null,
  seed: number,
): TrainingSet {
  const views = rows.map((row, r) => reader.view(row, embeddings?.[r]));
  const masters = rows.map((row) => masterName(row.master));
  const firstRow = new Map<string, number>();
  const group = Int32Array.from(rows, (row) => {
    if (!firstRow.has(row.text)) firstRow.set(row.text, firstRow.size);
    return firstRow.get(row.text)!;
  });
  const order = shuffledIndices(firstRow.size, seededRandom(seed));
  const groupFold = new Uint8Array(firstRow.size);
  order.forEach((g, position) => {
    groupFold[g] = position % FOLDS;
  });
  const { store, keptOf } = keepLatest(rows, views, group, firstRow.size);
  const lists = new Map<number, NeighbourList>();
  const neighbours = Array.from(group, (g, r) => {
    const list = lists.get(g) ?? nearest(store, views[r]!.place, keptOf[g]!);
    lists.set(g, list);
    return list;
  });
  return {
    rows,
    masters,
    views,
    matrix: sparseMatrix(
      rows.map((_, r) => reader.linearRow(views[r]!, masters[r]!)),
      reader.width,
    ),
    fold: Uint8Array.from(group, (g) => groupFold[g]!),
    store,
    keptText: Int32Array.from(group, (g) => keptOf[g]!),
    neighbours,
  };
}

/** The latest texts by `at`, else by the order of the rows. */
function keepLatest(rows: readonly OutcomeRow[], views: readonly TaskView[], group: Int32Array, groups: number) {
  const lastRow = new Int32Array(groups);
  const latest = new Float64Array(groups).fill(Number.NEGATIVE_INFINITY);
  group.forEach((g, r) => {
    const when = rows[r]!.at ?? r;
    if (when >= latest[g]!) {
      latest[g] = when;
      lastRow[g] = r;
    }
  });
  const kept = Int32Array.from({ length: groups }, (_, g) => g)
    .sort((a, b) => latest[b]! - latest[a]! || b - a)
    .slice(0, MOST_TEXTS_KEPT)
    .sort();
  const dimensions = views[0]?.place.length ?? 0;
  const vectors = new Float32Array(kept.length * dimensions);
  const keptOf = new Int32Array(groups).fill(-1);
  kept.forEach((g, k) => {
    keptOf[g] = k;
    vectors.set(views[lastRow[g]!]!.place, k * dimensions);
  });
  return { store: { dimensions, vectors }, keptOf };
}
