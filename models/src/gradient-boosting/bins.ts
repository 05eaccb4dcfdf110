// Numbers to small bin numbers, so that a tree looks at 64 cuts a column and not at every value.
// The one thing to know: bin 0 is "missing" (NaN); values start at bin 1, and a cut is "bin ≤ b goes left".
import { quantile } from '../metrics/index.js';

/** Columns one after the other: column c of row r is at [c × rows + r]. NaN is a missing value. */
export interface Columns {
  rows: number;
  width: number;
  values: Float32Array;
}

/** Ascending upper edges of each column; value v falls into bin 1 + (number of edges below v). */
export interface Binning {
  edges: Float32Array[];
}

export function columnsOf(rows: readonly ArrayLike<number>[], width: number): Columns {
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, r) => {
    for (let c = 0; c < width; c++) values[c * rows.length + r] = row[c]!;
  });
  return { rows: rows.length, width, values };
}

/** Quantile edges, equal ones merged: a column of few values gets a bin each. @param bins at most 254. */
export function fitBinning(columns: Columns, bins: number): Binning {
  const edges: Float32Array[] = [];
  for (let c = 0; c < columns.width; c++) {
    const present = columns.values.slice(c * columns.rows, (c + 1) * columns.rows).filter((v) => !Number.isNaN(v));
    edges.push(edgesOf(present.sort(), bins));
  }
  return { edges };
}

function edgesOf(ascending: Float32Array, bins: number): Float32Array {
  const distinct = [...new Set(ascending)];
  const edges = new Set<number>();
  if (distinct.length <= bins) {
    for (let i = 0; i + 1 < distinct.length; i++) edges.add(Math.fround((distinct[i]! + distinct[i + 1]!) / 2));
  } else {
    for (let b = 1; b < bins; b++) edges.add(Math.fround(quantile(ascending, b / bins)));
  }
  return Float32Array.from(edges).sort();
}

export function binOf(edges: ArrayLike<number>, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** All bins, in the layout of the columns. */
export function binColumns(columns: Columns, binning: Binning): Uint8Array {
  const bins = new Uint8Array(columns.values.length);
  for (let c = 0; c < columns.width; c++) {
    const edges = binning.edges[c]!;
    for (let i = c * columns.rows; i < (c + 1) * columns.rows; i++) bins[i] = binOf(edges, columns.values[i]!);
  }
  return bins;
}
