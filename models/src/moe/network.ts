// MoERouter, the mission's network in TensorFlow.js: which master, how sure, and will it succeed.
// The one thing to know: masters are an input. Their number may differ on every call, and a master that was never
// seen in training takes part by its description alone (its learned row is the one that all newcomers share).
//
//   task [B,D] ──project──► h [B,512] ──relu──► query ┐
//   described [M,D] ─describe─► + learned ► e [M,512] ─► key  ┤ attention logits + h·e + context ─► route, read-out
//   history [N,M,2F] ─context encoder─► c [N,M,C] ────────────┘            success [B,M] · confidence [B]
//
// h·e is the residual that keeps the network at least as good as a linear model when there are many masters; attention
// after Vinyals et al. 2015 (pointer networks), described masters after Frome et al. 2013 (DeViSE).
import type { AdamOptimizer, Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Tf } from '../backend/index.js';
import { HISTORY_WIDTH } from './history.js';
import { product, productOfData, scores } from './product.js';

/** Widths of the network. 512 is the mission's; the others measured (docs/models/router.md). */
export const WIDTH = { task: 512, attention: 128, context: 16, success: 32, confidence: 6 } as const;

export type MoeVariables = Record<string, Tensor>;

/** The type by which optimisers take gradients (they only read them as tensors by name). */
export type Gradients = Parameters<AdamOptimizer['applyGradients']>[0];

export interface MoeInput {
  /** [B, D] unit vectors of the tasks. */
  task: Tensor2D;
  /** [M, D] unit vectors of the descriptions. */
  described: Tensor2D;
  /** [M, 513] learned vectors with the bias last; the parameter `newcomer` for a master not seen in training. */
  learned: Tensor2D;
  /**
   * [B or 1, M, 2F] from `writeHistory`; 1 = the same for all tasks of the batch. Null leaves the term out: only right
   * while the context encoder is as it was born, when no history gives exactly zero.
   */
  history: Tensor3D | null;
}

export interface MoeOutput {
  /** [B, M] before softmax, divided by the temperature. */
  logits: Tensor2D;
  /** [B, M] log-odds that the master would succeed. */
  success: Tensor2D;
  /** [B, 6] what the confidence head looks at. */
  signals: Tensor2D;
  /** [B, 1] log-odds that the likeliest master is the right one. */
  confidence: Tensor2D;
}

/** What the heads share. */
export interface MoeTrunk {
  /** [B, M] as in `MoeOutput`. */
  logits: Tensor2D;
  h: Tensor2D;
  hidden: Tensor2D;
  e: Tensor2D;
  context: Tensor3D | null;
}

/** The route. `hiddenMask` [B, 512] multiplies the hidden task vector: dropout while training. */
export function route(tf: Tf, w: MoeVariables, input: MoeInput, hiddenMask?: Tensor2D): MoeTrunk {
  const at = (name: string): Tensor2D => w[name] as Tensor2D;
  const [masters, width] = [input.learned.shape[0], WIDTH.task];
  const h = productOfData(tf, input.task, at('project.w')).add(at('project.b')) as Tensor2D;
  const described = productOfData(tf, input.described, at('describe.w')).add(at('describe.b'));
  const e = described.add(tf.slice2d(input.learned, [0, 0], [masters, width])) as Tensor2D;
  const bias = tf.slice2d(input.learned, [0, width], [masters, 1]).reshape([1, masters]);

  let hidden = tf.relu(h.mul(at('hidden.gain')).add(at('hidden.b'))) as Tensor2D;
  if (hiddenMask) hidden = hidden.mul(hiddenMask);
  const query = product(tf, hidden, at('query.w'));
  const key = product(tf, e, at('key.w')).add(at('key.b')) as Tensor2D;
  const attention = scores(tf, query, key);
  const residual = scores(tf, h, e).mul(tf.exp(at('residual.scale')));

  const context = input.history && encodeContext(tf, w, input.history);
  const situation = match(tf, hidden, context, at('context.task'), at('context.route'));
  const logits = residual.add(attention).add(bias).add(situation).div(at('temperature')) as Tensor2D;
  return { logits, h, hidden, e, context };
}

/** [B, M] log-odds of success, as in `MoeOutput`. */
export function success(tf: Tf, w: MoeVariables, trunk: MoeTrunk): Tensor2D {
  const at = (name: string): Tensor2D => w[name] as Tensor2D;
  const tasks = product(tf, trunk.hidden, at('success.task'));
  const masters = product(tf, trunk.e, at('success.master'));
  return scores(tf, tasks, masters)
    .add(match(tf, trunk.hidden, trunk.context, at('success.contextTask'), at('success.context')))
    .add(tf.logSoftmax(trunk.logits).mul(at('success.route')))
    .add(at('success.b'))
    .mul(at('success.scale'))
    .add(at('success.shift')) as Tensor2D;
}

export function forward(tf: Tf, w: MoeVariables, input: MoeInput): MoeOutput {
  const trunk = route(tf, w, input);
  const signals = readSignals(tf, trunk, input);
  return { logits: trunk.logits, success: success(tf, w, trunk), signals, confidence: confidenceHead(tf, w, signals) };
}

/** [N,M,2F] → [N,M,C]: the context encoder of each master's history. */
function encodeContext(tf: Tf, w: MoeVariables, history: Tensor3D): Tensor3D {
  const [batch, masters] = history.shape;
  const flat = tf.reshape(history, [batch * masters, HISTORY_WIDTH]) as Tensor2D;
  const encoded = tf.relu(productOfData(tf, flat, w['context.w'] as Tensor2D).add(w['context.b'] as Tensor));
  return tf.reshape(encoded, [batch, masters, WIDTH.context]) as Tensor3D;
}

/** How a master's situation speaks for it on this very task: (task·G + v) · context, [B, M]. */
function match(tf: Tf, hidden: Tensor2D, context: Tensor3D | null, toContext: Tensor2D, always: Tensor2D): Tensor {
  if (!context) return tf.scalar(0);
  const wanted = product(tf, hidden, toContext).add(always);
  return tf.sum(tf.mul(tf.expandDims(wanted, 1), context), -1);
}

/** Sharpness and familiarity of a decision, each about 0 to 1; all defined for any number of masters, one included. */
function readSignals(tf: Tf, { logits, h, e }: MoeTrunk, input: MoeInput): Tensor2D {
  const p = tf.softmax(logits);
  const entropy = tf.neg(tf.sum(tf.mul(p, tf.logSoftmax(logits)), -1, true));
  return tf.concat(
    [
      tf.max(p, -1, true),
      tf.sum(tf.square(p), -1, true),
      entropy.div(4),
      tf.logSumExp(logits, -1, true).div(20),
      tf.max(scores(tf, input.task, input.described), -1, true),
      // The attention's read-out: how near the task lies to the masters it attends to.
      tf.sum(tf.mul(h, product(tf, p, e)), -1, true),
    ],
    -1,
  ) as Tensor2D;
}

/** Starts as "the top probability is right" and learns a correction from rows the router was not trained on. */
export function confidenceHead(tf: Tf, w: MoeVariables, signals: Tensor2D): Tensor2D {
  const hidden = tf.tanh(tf.matMul(signals, w['confidence.w1'] as Tensor2D).add(w['confidence.b1'] as Tensor));
  const correction = tf.matMul(hidden as Tensor2D, w['confidence.w2'] as Tensor2D).add(w['confidence.b2'] as Tensor);
  const top = tf.clipByValue(tf.slice2d(signals, [0, 0], [-1, 1]), 1e-4, 1 - 1e-4);
  return tf
    .log(top)
    .sub(tf.log(tf.sub(1, top)))
    .add(correction) as Tensor2D;
}

/** Mean cross-entropy over the rows that count. `targets` [B,M] sums to 1 a row; `weights` [B,1]. */
export function routeLoss(tf: Tf, logits: Tensor2D, targets: Tensor2D, weights: Tensor): Scalar {
  const each = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1, true));
  return tf.sum(tf.mul(each, weights)).div(tf.maximum(tf.sum(weights), 1)) as Scalar;
}

/** Mean binary cross-entropy over the (task, master) pairs that were tried. */
export function successLoss(tf: Tf, logits: Tensor, target: Tensor, tried: Tensor): Scalar {
  // max(z,0) − z·y + log(1 + exp(−|z|)): the form that never overflows.
  const each = tf
    .relu(logits)
    .sub(tf.mul(logits, target))
    .add(tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
  return tf.sum(tf.mul(each, tried)).div(tf.maximum(tf.sum(tried), 1)) as Scalar;
}
