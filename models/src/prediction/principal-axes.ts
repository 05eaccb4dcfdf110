// The directions along which texts differ most: 384 numbers become 128 that keep nearly all of it.
// Source: principal components by orthogonal (subspace) iteration, Golub & Van Loan ch. 8.
// The one thing to know: no target is looked at, so it may be fitted on all training rows without leaking.
import { seededRandom } from '../metrics/index.js';

export interface PrincipalAxes {
  mean: Float32Array;
  /** Axis k at [k × dimensions, (k+1) × dimensions), the widest first. */
  axes: Float32Array;
  kept: number;
}

const ROUNDS = 12;

/** @param vectors at most 4,000 of them are used. */
export function fitPrincipalAxes(vectors: readonly Float32Array[], keep: number, seed: number): PrincipalAxes {
  const dimensions = vectors[0]?.length ?? 0;
  const step = Math.max(1, vectors.length / 4000);
  const used: Float32Array[] = [];
  for (let i = 0; i < vectors.length; i += step) used.push(vectors[Math.floor(i)]!);
  const mean = new Float32Array(dimensions);
  for (const v of used) for (let k = 0; k < dimensions; k++) mean[k]! += v[k]! / used.length;
  const covariance = new Float64Array(dimensions * dimensions);
  const centred = new Float64Array(dimensions);
  for (const v of used) {
    for (let k = 0; k < dimensions; k++) centred[k] = v[k]! - mean[k]!;
    for (let a = 0; a < dimensions; a++) {
      const c = centred[a]!;
      const base = a * dimensions;
      for (let b = a; b < dimensions; b++) covariance[base + b]! += c * centred[b]!;
    }
  }
  for (let a = 0; a < dimensions; a++) {
    for (let b = 0; b < a; b++) covariance[a * dimensions + b] = covariance[b * dimensions + a]!;
  }
  const kept = Math.min(keep, dimensions, Math.max(1, used.length - 1));
  return { mean, axes: Float32Array.from(topAxes(covariance, dimensions, kept, seed)), kept };
}

function topAxes(covariance: Float64Array, dimensions: number, kept: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  let axes = Float64Array.from({ length: kept * dimensions }, () => random() - 0.5);
  orthonormalise(axes, kept, dimensions);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(axes.length);
    for (let k = 0; k < kept; k++) {
      for (let a = 0; a < dimensions; a++) {
        const weight = axes[k * dimensions + a]!;
        const base = a * dimensions;
        const out = k * dimensions;
        for (let b = 0; b < dimensions; b++) next[out + b]! += weight * covariance[base + b]!;
      }
    }
    axes = next;
    orthonormalise(axes, kept, dimensions);
  }
  return axes;
}

/** Modified Gram–Schmidt, row by row; a row that vanishes stays zero. */
function orthonormalise(axes: Float64Array, kept: number, dimensions: number): void {
  for (let k = 0; k < kept; k++) {
    const row = axes.subarray(k * dimensions, (k + 1) * dimensions);
    for (let j = 0; j < k; j++) {
      const other = axes.subarray(j * dimensions, (j + 1) * dimensions);
      let along = 0;
      for (let i = 0; i < dimensions; i++) along += row[i]! * other[i]!;
      for (let i = 0; i < dimensions; i++) row[i]! -= along * other[i]!;
    }
    let norm = 0;
    for (const value of row) norm += value * value;
    norm = Math.sqrt(norm);
    for (let i = 0; i < dimensions; i++) row[i] = norm > 1e-12 ? row[i]! / norm : 0;
  }
}

export function project(axes: PrincipalAxes, vector: ArrayLike<number>): Float32Array {
  const dimensions = axes.mean.length;
  const out = new Float32Array(axes.kept);
  for (let k = 0; k < axes.kept; k++) {
    let sum = 0;
    const base = k * dimensions;
    for (let i = 0; i < dimensions; i++) sum += axes.axes[base + i]! * (vector[i]! - axes.mean[i]!);
    out[k] = sum;
  }
  return out;
}
