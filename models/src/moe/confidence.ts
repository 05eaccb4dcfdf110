// What the held-out rows are for: when to stop, at which temperature the odds are honest, how sure is sure.
// The one thing to know: only rows the router was not trained on come here; on its own rows any router looks too good.
import type { Scalar, Variable } from '@tensorflow/tfjs';
import { type Matrix, type Tf, toMatrix } from '../backend/index.js';
import { fitLogistic } from '../calibration/index.js';
import { logLoss } from '../metrics/index.js';
import { confidenceHead, type Gradients, type MoeVariables } from './network.js';
import { eachRow } from './predict.js';
import { NO_MASTER, type PackedRows, UNKNOWN } from './rows.js';
import type { MoeTrainingReport } from './types.js';

function logSumExp(logits: Float32Array, scale: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const z of logits) if (z > top) top = z;
  let sum = 0;
  for (const z of logits) sum += Math.exp((z - top) * scale);
  return top * scale + Math.log(sum);
}

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** What training minimises, on `order`: mean log loss of the route plus `successWeight` × that of success. */
export function heldOutLoss(
  tf: Tf,
  w: MoeVariables,
  packed: PackedRows,
  order: Int32Array,
  successWeight: number,
): number {
  const route = { sum: 0, rows: 0 };
  const worked = { sum: 0, rows: 0 };
  eachRow(tf, w, packed, order, (row, { logits, success }) => {
    const label = packed.labels[row]!;
    if (label >= 0) {
      route.sum += logSumExp(logits, 1) - logits[label]!;
      route.rows++;
    }
    const by = packed.tried[row]!;
    if (by >= 0) {
      worked.sum += softplus(success[by]! * (packed.succeeded[row] ? -1 : 1));
      worked.rows++;
    }
  });
  return route.sum / Math.max(1, route.rows) + (successWeight * worked.sum) / Math.max(1, worked.rows);
}

const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** The parameters that held-out rows decide. */
const HEAD = ['confidence.w1', 'confidence.b1', 'confidence.w2', 'confidence.b2'];
export const CALIBRATION = ['temperature', 'success.scale', 'success.shift', ...HEAD];

export interface Calibrated {
  parameters: Record<string, Matrix>;
  scores: NonNullable<MoeTrainingReport['heldOut']>;
}

/** Fits the odds of success, the temperature, then the confidence head, on `held`. The variables are changed in place. */
export async function fitConfidence(
  tf: Tf,
  w: MoeVariables,
  packed: PackedRows,
  held: Int32Array,
): Promise<Calibrated> {
  const rows: { logits: Float32Array; label: number }[] = [];
  const tried: Tried[] = [];
  eachRow(tf, w, packed, held, (row, { logits, success }) => {
    if (packed.labels[row] !== UNKNOWN) rows.push({ logits: logits.slice(), label: packed.labels[row]! });
    const by = packed.tried[row]!;
    if (by >= 0) tried.push({ z: success[by]!, worked: packed.succeeded[row] === 1 });
  });
  const platt = await fitSuccess(tried);
  for (const [name, value] of Object.entries(platt)) set(tf, w[name] as Variable, value);
  const labelled = rows.filter((row) => row.label >= 0);
  const temperature = labelled.length > 0 ? bestTemperature(labelled) : 1;
  set(tf, w.temperature as Variable, temperature);

  const signals: number[] = [];
  const right: number[] = [];
  eachRow(tf, w, packed, held, (row, out) => {
    const label = packed.labels[row]!;
    if (label === UNKNOWN) return;
    signals.push(...out.signals);
    right.push(label !== NO_MASTER && argMax(out.logits) === label ? 1 : 0);
  });
  if (right.length > 0) learnHead(tf, w, signals, right);
  return {
    parameters: Object.fromEntries(CALIBRATION.map((name) => [name, toMatrix(w[name]!)])),
    scores: {
      accuracy: labelled.filter((row) => argMax(row.logits) === row.label).length / Math.max(1, labelled.length),
      logLoss: labelled.reduce((sum, row) => sum + nll(row, 1 / temperature), 0) / Math.max(1, labelled.length),
      successLogLoss: tried.length > 0 ? successLogLoss(tried, platt) : null,
    },
  };
}

interface Tried {
  z: number;
  worked: boolean;
}

type Platt = Record<'success.scale' | 'success.shift', number>;

/** Fewer tries than this, or tries that all ended alike, say nothing about the odds. */
const FEWEST_TRIES = 30;

/** Platt scaling of the success head. */
async function fitSuccess(tried: readonly Tried[]): Promise<Platt> {
  const worked = tried.filter((t) => t.worked).length;
  if (tried.length < FEWEST_TRIES || worked === 0 || worked === tried.length)
    return { 'success.scale': 1, 'success.shift': 0 };
  const scores = Float64Array.from(tried, (t) => t.z);
  const { mean, spread, weights, bias } = await fitLogistic(
    ['z'],
    scores,
    tried.map((t) => t.worked),
  );
  const scale = weights[0]! / spread[0]!;
  return { 'success.scale': scale, 'success.shift': bias - scale * mean[0]! };
}

function successLogLoss(tried: readonly Tried[], platt: Platt): number {
  const z = (t: Tried) => t.z * platt['success.scale'] + platt['success.shift'];
  return logLoss(tried.map((t) => Math.exp(-softplus(t.worked ? -z(t) : z(t)))));
}

function set(tf: Tf, variable: Variable, value: number): void {
  tf.tidy(() => variable.assign(tf.tensor2d([value], [1, 1])));
}

const nll = (row: { logits: Float32Array; label: number }, scale: number): number =>
  logSumExp(row.logits, scale) - row.logits[row.label]! * scale;

/** Golden-section search on the log of the temperature, 0.25 to 4 (Guo et al. 2017). */
function bestTemperature(rows: readonly { logits: Float32Array; label: number }[]): number {
  const cost = (x: number): number => rows.reduce((sum, row) => sum + nll(row, Math.exp(-x)), 0);
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.25), Math.log(4)];
  while (high - low > 0.005) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (cost(a) < cost(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

/** Logistic loss on "the top master was right", with a pull towards no correction that fades as rows grow. */
function learnHead(tf: Tf, w: MoeVariables, signals: number[], right: number[]): void {
  const head = HEAD.map((name) => w[name] as Variable);
  const optimizer = tf.train.adam(0.02);
  tf.tidy(() => {
    const x = tf.tensor2d(signals, [right.length, signals.length / right.length]);
    const y = tf.tensor2d(right, [right.length, 1]);
    for (let i = 0; i < 300; i++) {
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => {
          const z = confidenceHead(tf, w, x);
          const loss = tf.mean(
            tf
              .relu(z)
              .sub(tf.mul(z, y))
              .add(tf.log1p(tf.exp(tf.neg(tf.abs(z))))),
          );
          const pull = tf.sum(tf.square(w['confidence.w2']!)).add(tf.sum(tf.square(w['confidence.b2']!)));
          return loss.add(pull.mul(2 / right.length)) as Scalar;
        }, head);
        optimizer.applyGradients(grads as unknown as Gradients);
      });
    }
  });
  optimizer.dispose();
}
