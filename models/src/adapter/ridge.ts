// The map that brings questions nearer to their answers: ridge regression towards leaving them as they are. Pure.
// Minimises Σ|q·W − d|² + λ|W − I|² over pairs, in closed form: W = (QᵀQ + λI)⁻¹(QᵀD + λI). Hoerl & Kennard 1970, with I instead of 0 as what
// is believed without data.

/** Row-major, `size` × `size`. */
export type SquareMatrix = Float64Array;

/** Sums over pairs, from which the map for any λ follows. */
export interface PairSums {
  readonly size: number;
  /** QᵀQ. */
  readonly own: SquareMatrix;
  /** QᵀD. */
  readonly cross: SquareMatrix;
}

export interface VectorPair {
  readonly query: Float32Array;
  readonly document: Float32Array;
}

export function sumsOf(pairs: readonly VectorPair[], size: number): PairSums {
  const own = new Float64Array(size * size);
  const cross = new Float64Array(size * size);
  for (const { query, document } of pairs)
    for (let i = 0; i < size; i++) {
      const q = query[i] as number;
      for (let j = 0; j < size; j++) {
        own[i * size + j] = (own[i * size + j] as number) + q * (query[j] as number);
        cross[i * size + j] = (cross[i * size + j] as number) + q * (document[j] as number);
      }
    }
  return { size, own, cross };
}

/** @param lambda above 0: how many rows "leave it as it is" is worth in every direction */
export function ridgeMap({ size, own, cross }: PairSums, lambda: number): Float32Array {
  const left = Float64Array.from(own);
  const right = Float64Array.from(cross);
  for (let i = 0; i < size; i++) {
    left[i * size + i] = (left[i * size + i] as number) + lambda;
    right[i * size + i] = (right[i * size + i] as number) + lambda;
  }
  return Float32Array.from(solve(cholesky(left, size), right, size));
}

/** Lower triangle L of L·Lᵀ = A, for a symmetric positive definite A; A is overwritten. */
function cholesky(a: SquareMatrix, n: number): SquareMatrix {
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[i * n + k] as number) * (a[j * n + k] as number);
      a[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / (a[j * n + j] as number);
    }
  return a;
}

/** X of L·Lᵀ·X = B, all columns at once; B is overwritten. */
function solve(l: SquareMatrix, b: SquareMatrix, n: number): SquareMatrix {
  const take = (to: number, from: number, factor: number) => {
    for (let c = 0; c < n; c++) b[to * n + c] = (b[to * n + c] as number) - factor * (b[from * n + c] as number);
  };
  const divide = (row: number) => {
    const by = l[row * n + row] as number;
    for (let c = 0; c < n; c++) b[row * n + c] = (b[row * n + c] as number) / by;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) take(i, k, l[i * n + k] as number);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) take(i, k, l[k * n + i] as number);
    divide(i);
  }
  return b;
}

/** `query · map`, of length 1. */
export function applyMap(map: Float32Array, query: Float32Array): Float32Array {
  const size = query.length;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const q = query[i] as number;
    if (q === 0) continue;
    for (let j = 0; j < size; j++) out[j] = (out[j] as number) + q * (map[i * size + j] as number);
  }
  const norm = Math.hypot(...out) || 1;
  for (let j = 0; j < size; j++) out[j] = (out[j] as number) / norm;
  return out;
}
