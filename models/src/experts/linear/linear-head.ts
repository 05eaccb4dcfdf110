// Scores of a linear head for vectors: one by one in a plain loop, many at once by a matrix product.
// The one thing to know: weights are feature-major, so the inner loop runs over neighbouring numbers.
import type { LinearWeights } from '../lexical/index.js';
import { multiply, stack } from './matrix.js';

/** Below this many vectors a loop is faster than handing them to onnxruntime. */
const WORTH_A_PRODUCT = 16;

/** Vector after vector, `labels` scores each. */
export async function headScores(head: LinearWeights, vectors: readonly Float32Array[]): Promise<Float32Array> {
  const { labels, width, weights, bias } = head;
  if (vectors.length >= WORTH_A_PRODUCT) {
    const product = await multiply(stack(vectors, width), { rows: width, columns: labels, data: weights });
    for (let i = 0; i < product.data.length; i++) product.data[i]! += bias[i % labels]!;
    return product.data;
  }
  const scores = new Float32Array(vectors.length * labels);
  vectors.forEach((vector, r) => {
    const row = scores.subarray(r * labels, (r + 1) * labels);
    row.set(bias);
    for (let f = 0; f < width; f++) {
      const value = vector[f]!;
      const offset = f * labels;
      for (let k = 0; k < labels; k++) row[k]! += value * weights[offset + k]!;
    }
  });
  return scores;
}
