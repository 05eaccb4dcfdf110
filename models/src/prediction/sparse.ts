// Rows of a few numbers among many columns (compressed sparse rows), and the products that a linear model needs.
// The one thing to know: columns may repeat within a row; they add up.

export interface SparseMatrix {
  count: number;
  width: number;
  starts: Int32Array;
  columns: Int32Array;
  values: Float32Array;
}

export interface SparseRow {
  columns: number[];
  values: number[];
}

export function sparseMatrix(rows: readonly SparseRow[], width: number): SparseMatrix {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach((row, r) => {
    starts[r + 1] = starts[r]! + row.columns.length;
  });
  const columns = new Int32Array(starts[rows.length]!);
  const values = new Float32Array(columns.length);
  rows.forEach((row, r) => {
    columns.set(row.columns, starts[r]);
    values.set(row.values, starts[r]);
  });
  return { count: rows.length, width, starts, columns, values };
}

/** out[i] = row(rows[i]) · w, plus the bias at w[width]. */
export function timesRows(matrix: SparseMatrix, rows: Int32Array, w: Float64Array, out: Float64Array): void {
  const { starts, columns, values, width } = matrix;
  for (let i = 0; i < rows.length; i++) {
    let sum = w[width]!;
    const end = starts[rows[i]! + 1]!;
    for (let k = starts[rows[i]!]!; k < end; k++) sum += values[k]! * w[columns[k]!]!;
    out[i] = sum;
  }
}

/** out += Σ scale[i] × row(rows[i]), and the bias's share at out[width]. */
export function addRows(matrix: SparseMatrix, rows: Int32Array, scale: Float64Array, out: Float64Array): void {
  const { starts, columns, values, width } = matrix;
  for (let i = 0; i < rows.length; i++) {
    const s = scale[i]!;
    if (s === 0) continue;
    out[width]! += s;
    const end = starts[rows[i]! + 1]!;
    for (let k = starts[rows[i]!]!; k < end; k++) out[columns[k]!]! += s * values[k]!;
  }
}
