// Principal components: how far a vector lies from the training part's, every axis in its own standard deviations.
// Source: the component-weighted score of Sub-PCA (Aggarwal 2017), strong on many kinds of series (TSB-AD, Liu & Paparrizos 2024).
import { eigenSymmetric } from '../matrix.js';

/** Plain JSON. */
export interface Components {
  size: number;
  mean: number[];
  /** Rows: axes divided by their standard deviation. */
  axes: number[];
}

/** Axes weaker than this share of the strongest are rounding and noise. */
const LEAST = 1e-3;
const MOST_ROWS = 4000;

/** @param rows vectors of `size`, one after the other. */
export function fitComponents(rows: Float64Array, size: number): Components {
  const count = Math.floor(rows.length / size);
  const each = Math.max(1, Math.ceil(count / MOST_ROWS));
  const mean = new Float64Array(size);
  let used = 0;
  for (let r = 0; r < count; r += each, used++) for (let i = 0; i < size; i++) mean[i]! += rows[r * size + i]!;
  for (let i = 0; i < size; i++) mean[i]! /= Math.max(1, used);
  const covariance = new Float64Array(size * size);
  for (let r = 0; r < count; r += each)
    for (let i = 0; i < size; i++) {
      const a = rows[r * size + i]! - mean[i]!;
      for (let j = 0; j <= i; j++) covariance[i * size + j]! += (a * (rows[r * size + j]! - mean[j]!)) / used;
    }
  for (let i = 0; i < size; i++)
    for (let j = i + 1; j < size; j++) covariance[i * size + j] = covariance[j * size + i]!;
  const { values, vectors } = eigenSymmetric(covariance, size);
  const least = Math.max(LEAST * values[0]!, 1e-6);
  const axes = Array.from(vectors, (v, k) => v / Math.sqrt(Math.max(least, values[Math.floor(k / size)]!)));
  return { size, mean: Array.from(mean), axes };
}

/** Root of the mean squared distance over the axes. */
export function distance({ size, mean, axes }: Components, vector: Float64Array): number {
  let sum = 0;
  for (let a = 0; a < size; a++) {
    let along = 0;
    const from = a * size;
    for (let i = 0; i < size; i++) along += axes[from + i]! * (vector[i]! - mean[i]!);
    sum += along * along;
  }
  return Math.sqrt(sum / size);
}
