// Arithmetic on blocks of vectors: from one vector a token to one unit vector a text.
import { EncoderShapeMismatch } from './errors.js';

export type Pooling = 'mean' | 'cls';

/** Token vectors [rows, length, dimensions] → [rows, dimensions]: the mean of the real tokens, or the first token's. */
export function poolTokens(
  tokens: Float32Array,
  lengths: readonly number[],
  length: number,
  dimensions: number,
  pooling: Pooling,
): Float32Array {
  const pooled = new Float32Array(lengths.length * dimensions);
  lengths.forEach((count, row) => {
    const used = pooling === 'cls' ? 1 : count;
    const to = row * dimensions;
    for (let t = 0; t < used; t++) {
      const from = (row * length + t) * dimensions;
      for (let d = 0; d < dimensions; d++) pooled[to + d] = (pooled[to + d] ?? 0) + (tokens[from + d] ?? 0);
    }
    // The sum is not divided by the count: normalising follows and would undo it.
  });
  return pooled;
}

/** Scales each row to length 1, in place. @throws EncoderShapeMismatch when a row is not finite or all zero. */
export function normaliseRows(rows: Float32Array, dimensions: number): Float32Array {
  for (let from = 0; from < rows.length; from += dimensions) {
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += (rows[from + d] ?? 0) ** 2;
    if (!(squares > 0 && Number.isFinite(squares))) {
      throw new EncoderShapeMismatch('a finite vector that is not all zero', `a vector of squared length ${squares}`);
    }
    const scale = 1 / Math.sqrt(squares);
    for (let d = 0; d < dimensions; d++) rows[from + d] = (rows[from + d] ?? 0) * scale;
  }
  return rows;
}
