// Training of the autoencoder in TensorFlow.js: on the earlier part, stopped by the last part, which also says what error is usual.
// The one thing to know: every random draw comes from the seeded stream, never from the backend, so that a seed repeats a run.
import type { AdamOptimizer, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { chooseBackend, type Matrix, type Tf, toMatrix, toTensors } from '../../backend/index.js';
import { seededRandom } from '../../metrics/index.js';
import { type Scale, scaleOf } from '../robust.js';
import { freshParameters, reconstruct } from './network.js';
import { windowsOf } from './windows.js';

export interface AutoencoderOptions {
  seed?: number;
  /** Steps of a window. Default 12, or an eighth of the shortest series. */
  window?: number;
  /** Most optimiser steps of 128 windows. Default 240. */
  steps?: number;
  onProgress?: (share: number) => void;
}

/** Plain arrays; `exportAutoencoder` makes it a file. */
export interface AutoencoderModel {
  gauges: string[];
  window: number;
  scales: Scale[];
  /** By gauge: root of the mean squared error on held-out windows, in scaled units. */
  usual: number[];
  weights: Record<string, Matrix>;
  report: { windows: number; steps: number; heldOutLoss: number; backend: string; seed: number };
}

export class AutoencoderDataError extends Error {
  override readonly name = 'AutoencoderDataError';
}

const BATCH = 128;
const LEARNING_RATE = 1e-2;
const HIDDEN = 0.15;
/** Steps between two looks at the held-out windows, and how many looks without gain end the training. */
const LOOK = 20;
const PATIENCE = 3;
const HELD_OUT = 0.15;
const MOST_HELD = 512;
export const LEAST_STEPS = 32;

type Gradients = Parameters<AdamOptimizer['applyGradients']>[0];

/**
 * @param series one or more stretches of the same gauges in order of time (a worker each); NaN where missing.
 * @throws AutoencoderDataError when no stretch has 32 steps.
 */
export async function trainAutoencoder(
  gauges: readonly string[],
  series: readonly (readonly Float64Array[])[],
  { seed = 1, window: wanted, steps: most = 240, onProgress }: AutoencoderOptions = {},
): Promise<AutoencoderModel> {
  const usable = series.filter((columns) => (columns[0]?.length ?? 0) >= LEAST_STEPS);
  if (!usable.length || !gauges.length)
    throw new AutoencoderDataError(`no series of ${LEAST_STEPS} steps or more to learn from`);
  const shortest = Math.min(...usable.map((columns) => columns[0]?.length ?? 0));
  const window = wanted ?? Math.max(4, Math.min(12, shortest >> 3));
  const scales = gauges.map((_, g) => scaleOf(usable.flatMap((columns) => Array.from(columns[g] as Float64Array))));
  const { tf, name: backend } = await chooseBackend();
  const random = seededRandom(seed);
  const cells = window * gauges.length;
  // Windows are cut when they are needed: all of them at once would be the training part twelve times over.
  const ends = (share: [number, number]) =>
    usable.flatMap((columns, s) => {
      const length = columns[0]?.length ?? 0;
      const from = Math.max(window - 1, Math.floor(share[0] * length));
      return Array.from(
        { length: Math.max(0, Math.floor(share[1] * length) - from) },
        (_, i) => [s, from + i] as const,
      );
    });
  const learn = ends([0, 1 - HELD_OUT]);
  const held = thinned(ends([1 - HELD_OUT, 1]), MOST_HELD);
  const batchOf = (places: readonly (readonly [number, number])[]) => {
    const values = new Float32Array(places.length * cells);
    const known = new Float32Array(places.length * cells);
    places.forEach(([s, end], i) => {
      const one = windowsOf(usable[s] as readonly Float64Array[], scales, window, end, end + 1);
      values.set(one.values, i * cells);
      known.set(one.known, i * cells);
    });
    return { values, known };
  };
  const born = toTensors(tf, freshParameters({ window, gauges: gauges.length }, random));
  const w: Record<string, Variable> = Object.fromEntries(
    Object.entries(born).map(([name, tensor]) => [name, tf.variable(tensor)]),
  );
  for (const tensor of Object.values(born)) tensor.dispose();
  const variables = Object.values(w);
  const optimizer = tf.train.adam(LEARNING_RATE);
  const judge = batchOf(held);
  let best = { loss: Number.POSITIVE_INFINITY, step: 0, kept: {} as Record<string, Matrix>, usual: [] as number[] };
  let step = 0;
  try {
    for (; step < most; step++) {
      (optimizer as unknown as { learningRate: number }).learningRate = LEARNING_RATE * (1 - (0.9 * step) / most);
      const places = Array.from(
        { length: Math.min(BATCH, learn.length) },
        () => learn[Math.floor(random() * learn.length)] as (typeof learn)[number],
      );
      const { values, known } = batchOf(places);
      const seenKnown = known.map((k) => (k && random() < HIDDEN ? 0 : k));
      learnStep(tf, w, variables, optimizer, [places.length, cells], { values, known, seenKnown });
      if ((step + 1) % LOOK && step + 1 < most) continue;
      const usual = errorsByGauge(tf, w, [held.length, cells], judge, gauges.length);
      const loss = usual.reduce((a, b) => a + b * b, 0) / gauges.length;
      if (loss < best.loss * 0.995) {
        const kept = Object.fromEntries(Object.entries(w).map(([name, variable]) => [name, toMatrix(variable)]));
        best = { loss, step: step + 1, kept, usual };
      } else if (step + 1 - best.step >= PATIENCE * LOOK) break;
      onProgress?.(step / most);
      await new Promise(setImmediate);
    }
  } finally {
    for (const variable of variables) variable.dispose();
    optimizer.dispose();
  }
  return {
    gauges: [...gauges],
    window,
    scales,
    usual: best.usual,
    weights: best.kept,
    report: { windows: learn.length, steps: best.step, heldOutLoss: best.loss, backend, seed },
  };
}

function learnStep(
  tf: Tf,
  w: Readonly<Record<string, Tensor>>,
  variables: Variable[],
  optimizer: AdamOptimizer,
  shape: [number, number],
  { values, known, seenKnown }: { values: Float32Array; known: Float32Array; seenKnown: Float32Array },
): void {
  tf.tidy(() => {
    const target = tf.tensor2d(values, shape);
    const counts = tf.tensor2d(known, shape);
    const seen = tf.tensor2d(seenKnown, shape);
    const total = tf.maximum(tf.sum(counts), 1);
    const { grads } = tf.variableGrads(() => {
      const off = reconstruct(tf, w, target.mul(seen) as Tensor2D, seen)
        .sub(target)
        .mul(counts);
      return tf.sum(tf.square(off)).div(total) as ReturnType<typeof tf.scalar>;
    }, variables);
    optimizer.applyGradients(grads as unknown as Gradients);
  });
}

/** By gauge, the root of the mean squared error over the known cells. */
function errorsByGauge(
  tf: Tf,
  w: Readonly<Record<string, Tensor>>,
  shape: [number, number],
  { values, known }: { values: Float32Array; known: Float32Array },
  gauges: number,
): number[] {
  const made = tf.tidy(
    () => reconstruct(tf, w, tf.tensor2d(values, shape), tf.tensor2d(known, shape)).dataSync() as Float32Array,
  );
  const sums = new Float64Array(gauges);
  const counts = new Float64Array(gauges);
  for (let i = 0; i < made.length; i++) {
    if (!known[i]) continue;
    sums[i % gauges]! += ((made[i] as number) - (values[i] as number)) ** 2;
    counts[i % gauges]!++;
  }
  return Array.from(sums, (sum, g) => Math.max(0.02, Math.sqrt(sum / Math.max(1, counts[g] as number))));
}

function thinned<T>(all: readonly T[], most: number): T[] {
  const each = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, i) => i % each === 0);
}
