// The autoencoder of one kind of worker: a window of all its gauges through a narrow middle and back.
// The one thing to know: a missing value goes in as 0 beside a mask that says so, and training hides known values at random,
// so that what is missing is a normal case and what is hidden must be told from the rest.
//
//   window [B, W·G] ┐
//   known  [B, W·G] ┴► tanh ► tanh (narrow) ► tanh ► window again [B, W·G]
//
// Source: denoising autoencoders (Vincent et al. 2008) over windows, as in the reconstruction baselines of TSB-AD (Liu & Paparrizos 2024).
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Matrix, Tf } from '../../backend/index.js';

export interface AutoencoderShape {
  /** Steps of a window; its last one is the present. */
  window: number;
  /** Gauges of a step. */
  gauges: number;
}

/** Names of the parameters, layer by layer. */
export const LAYERS = ['in', 'narrow', 'wide', 'out'] as const;

export function widths({ window, gauges }: AutoencoderShape): number[] {
  const cells = window * gauges;
  const clamp = (x: number, least: number, most: number) => Math.max(least, Math.min(most, Math.round(x)));
  const wide = clamp(4 * Math.sqrt(cells), 16, 96);
  return [2 * cells, wide, clamp(Math.sqrt(cells), 3, 24), wide, cells];
}

/** The same seed gives the same numbers on every backend. */
export function freshParameters(shape: AutoencoderShape, random: () => number): Record<string, Matrix> {
  const sizes = widths(shape);
  const parameters: Record<string, Matrix> = {};
  LAYERS.forEach((layer, i) => {
    const [from, to] = [sizes[i] as number, sizes[i + 1] as number];
    const spread = Math.sqrt(6 / (from + to));
    parameters[`${layer}.w`] = {
      shape: [from, to],
      values: Float32Array.from({ length: from * to }, () => spread * (2 * random() - 1)),
    };
    parameters[`${layer}.b`] = { shape: [1, to], values: new Float32Array(to) };
  });
  return parameters;
}

/** [B, W·G] as it should have been. @param known 1 where a value is known, else 0, and 0 in `window` too. */
export function reconstruct(tf: Tf, w: Readonly<Record<string, Tensor>>, window: Tensor2D, known: Tensor2D): Tensor2D {
  let x = tf.concat([window, known], 1) as Tensor2D;
  for (const layer of LAYERS) {
    x = tf.matMul(x, w[`${layer}.w`] as Tensor2D).add(w[`${layer}.b`] as Tensor) as Tensor2D;
    if (layer !== 'out') x = tf.tanh(x) as Tensor2D;
  }
  return x;
}
