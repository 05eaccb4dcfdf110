// The trained network answering rows in TensorFlow.js, right where it was trained: for stopping, calibration and cross-fitting.
// The one thing to know: serving goes through the exported file (session.ts); this is the same arithmetic, many rows at once.
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { type Tf, toTensors } from '../backend/index.js';
import { forward, type MoeOutput, type MoeVariables } from './network.js';
import { batchOf, describedTensor, type PackedRows, packRows } from './rows.js';
import type { MoeModel, MoeRow } from './types.js';

const CHUNK = 512;

/** Runs the network over the rows `order` in chunks, and hands each row's part of the outputs to `take`. */
export function eachRow(
  tf: Tf,
  w: MoeVariables,
  packed: PackedRows,
  order: Int32Array,
  take: (row: number, output: Record<keyof MoeOutput, Float32Array>) => void,
): void {
  for (let from = 0; from < order.length; from += CHUNK) {
    const to = Math.min(from + CHUNK, order.length);
    const values = tf.tidy(() => {
      const batch = batchOf(tf, packed, order, from, to, 0);
      const described = describedTensor(tf, packed.masters, packed.dimensions);
      const out = forward(tf, w, {
        task: batch.task,
        described,
        learned: w.learned as Tensor2D,
        history: batch.history,
      });
      return Object.entries(out).map(([name, t]) => [name, (t as Tensor).dataSync() as Float32Array] as const);
    });
    for (let i = 0; i < to - from; i++) {
      const part = values.map(([name, all]) => {
        const width = all.length / (to - from);
        return [name, all.subarray(i * width, (i + 1) * width)];
      });
      take(order[from + i]!, Object.fromEntries(part) as Record<keyof MoeOutput, Float32Array>);
    }
  }
}

/** What the network says of many rows, row-major. */
export interface MoePredictions {
  /** [rows, masters] before softmax. */
  logits: Float32Array;
  /** [rows, masters] chances of success. */
  success: Float32Array;
  /** [rows] chances that the likeliest master is the right one. */
  confidence: Float32Array;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Labels and outcomes of the rows are not looked at. */
export function predictMoe(tf: Tf, model: MoeModel, rows: readonly MoeRow[]): MoePredictions {
  const count = model.masters.length;
  const packed = packRows(
    rows.map(({ vector, history }) => ({ vector, ...(history && model.knowsHistory ? { history } : {}) })),
    model.masters,
  );
  const w = toTensors(tf, { ...model.weights, learned: model.learned });
  const size = rows.length * count;
  const predictions: MoePredictions = {
    logits: new Float32Array(size),
    success: new Float32Array(size),
    confidence: new Float32Array(rows.length),
  };
  const order = Int32Array.from({ length: rows.length }, (_, i) => i);
  eachRow(tf, w, packed, order, (row, out) => {
    predictions.logits.set(out.logits, row * count);
    predictions.success.set(out.success.map(sigmoid), row * count);
    predictions.confidence[row] = sigmoid(out.confidence[0]!);
  });
  for (const tensor of Object.values(w)) tensor.dispose();
  return predictions;
}
