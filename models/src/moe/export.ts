// The trained network as one ONNX file: weights, known masters and graph, batch and number of masters dynamic.
// The one thing to know: masters are encoded once and handed back. `described` + `learned` rows go in when a master is new,
// `masters` comes out, and goes in again as `encoded` on every later call, so a question costs only its own arithmetic.
//
// Inputs   task [batch, D] · described [new, D] · learned [new, 513] · encoded [known, W] · history [rows, masters, 2F]
// Outputs  logits, probabilities, success [batch, masters] · confidence [batch, 1] · masters [masters, W]
//          known_described, known_learned: the masters it was trained with; newcomer_learned: the row for any other
import { type Dimension, GraphBuilder } from '../onnx/index.js';
import { HISTORY_WIDTH } from './history.js';
import { WIDTH } from './network.js';
import type { MoeModel } from './types.js';

/** Columns of an encoded master, in this order; `described` is the encoder's vector itself. */
export function encodedColumns(dimensions: number) {
  const route = WIDTH.task + WIDTH.attention + 1;
  return { route, success: WIDTH.success, described: dimensions, all: route + WIDTH.success + dimensions };
}

/** Bytes of the ONNX file. */
export function exportMoe(model: MoeModel): Uint8Array {
  const g = new GraphBuilder('MoERouter');
  const columns = encodedColumns(model.dimensions);
  for (const [name, { shape, values }] of Object.entries(model.weights)) g.constant(name, shape, values);
  const scale = Math.exp(model.weights['residual.scale']!.values[0]!);
  g.scalar('residual.factor', scale);
  g.integers('axis.-1', [-1]);
  g.integers('axis.1', [1]);

  g.input('task', ['batch', model.dimensions]);
  g.input('described', ['new', model.dimensions]);
  g.input('learned', ['new', WIDTH.task + 1]);
  g.input('encoded', ['known', columns.all]);
  g.input('history', ['history_rows', 'masters', HISTORY_WIDTH]);

  const masters = encodeMasters(g);
  const routeKeys = slice(g, masters, 0, columns.route);
  const successKeys = slice(g, masters, columns.route, columns.route + columns.success);
  const descriptions = slice(g, masters, columns.route + columns.success, columns.all);

  const h = linear(g, 'task', 'project.w', 'project.b');
  const hidden = g.node('Relu', [g.node('Add', [g.node('Mul', [h, 'hidden.gain']), 'hidden.b'])]);
  const one = g.node('Add', [g.node('Mul', [slice(g, h, 0, 1), g.scalar('zero', 0)]), g.scalar('one', 1)]);
  const ask = concat(g, [g.node('Mul', [h, 'residual.factor']), g.node('MatMul', [hidden, 'query.w']), one], 1);
  const context = g.node('Relu', [linear(g, 'history', 'context.w', 'context.b')]);
  const situation = match(g, hidden, context, 'context.task', 'context.route');
  const raw = g.node('Add', [times(g, ask, routeKeys), situation]);
  const logits = g.node('Div', [raw, 'temperature'], {}, 'logits');
  const p = g.node('Softmax', [logits], { int: { axis: -1 } }, 'probabilities');
  const logP = g.node('LogSoftmax', [logits], { int: { axis: -1 } });

  const fit = times(g, g.node('MatMul', [hidden, 'success.task']), successKeys);
  const worked = match(g, hidden, context, 'success.contextTask', 'success.context');
  const byRoute = g.node('Add', [g.node('Mul', [logP, 'success.route']), 'success.b']);
  const calibrated = g.node('Mul', [sum(g, [fit, worked, byRoute]), 'success.scale']);
  g.node('Sigmoid', [g.node('Add', [calibrated, 'success.shift'])], {}, 'success');

  const readOut = g.node('MatMul', [p, slice(g, routeKeys, 0, WIDTH.task)]);
  const top = reduce(g, 'ReduceMax', p);
  const signals = concat(
    g,
    [
      top,
      total(g, g.node('Mul', [p, p])),
      g.node('Div', [g.node('Neg', [total(g, g.node('Mul', [p, logP]))]), g.scalar('signal.entropy', 4)]),
      g.node('Div', [reduce(g, 'ReduceLogSumExp', logits), g.scalar('signal.mass', 20)]),
      reduce(g, 'ReduceMax', times(g, 'task', descriptions)),
      total(g, g.node('Mul', [h, readOut])),
    ],
    1,
  );
  confidence(g, signals, top);

  g.node('Identity', [g.constant('known.described', ...knownDescribed(model))], {}, 'known_described');
  g.node('Identity', ['newcomer'], {}, 'newcomer_learned');
  g.node('Identity', [g.constant('known.learned', model.learned.shape, model.learned.values)], {}, 'known_learned');
  const rows: Dimension[] = ['batch', 'masters'];
  for (const name of ['logits', 'probabilities', 'success']) g.output(name, rows);
  g.output('confidence', ['batch', 1]);
  g.output('masters', ['masters', columns.all]);
  g.output('known_described', [model.masters.length, model.dimensions]);
  g.output('known_learned', model.learned.shape);
  g.output('newcomer_learned', [1, WIDTH.task + 1]);
  return g.build({ 'cortex.family': 'router', 'cortex.masters': JSON.stringify(model.masters.map((m) => m.name)) });
}

/** `masters`: what is already encoded, then the new ones: [e | key | bias | success key | description]. */
function encodeMasters(g: GraphBuilder): string {
  const e = g.node('Add', [linear(g, 'described', 'describe.w', 'describe.b'), slice(g, 'learned', 0, WIDTH.task)]);
  const key = linear(g, e, 'key.w', 'key.b');
  const bias = slice(g, 'learned', WIDTH.task, WIDTH.task + 1);
  const fresh = concat(g, [e, key, bias, g.node('MatMul', [e, 'success.master']), 'described'], 1);
  return g.node('Concat', ['encoded', fresh], { int: { axis: 0 } }, 'masters');
}

function confidence(g: GraphBuilder, signals: string, top: string): void {
  const hidden = g.node('Tanh', [linear(g, signals, 'confidence.w1', 'confidence.b1')]);
  const correction = linear(g, hidden, 'confidence.w2', 'confidence.b2');
  const [low, high] = [g.scalar('clip.low', 1e-4), g.scalar('clip.high', 1 - 1e-4)];
  const clipped = g.node('Min', [g.node('Max', [top, low]), high]);
  const odds = g.node('Sub', [g.node('Log', [clipped]), g.node('Log', [g.node('Sub', ['one', clipped])])]);
  g.node('Sigmoid', [g.node('Add', [odds, correction])], {}, 'confidence');
}

/** (task·G + v) · context, as `match` in network.ts. */
function match(g: GraphBuilder, hidden: string, context: string, toContext: string, always: string): string {
  const wanted = g.node('Unsqueeze', [linear(g, hidden, toContext, always), 'axis.1']);
  return g.node('ReduceSum', [g.node('Mul', [wanted, context]), 'axis.-1'], { int: { keepdims: 0 } });
}

function linear(g: GraphBuilder, x: string, weights: string, bias: string): string {
  return g.node('Add', [g.node('MatMul', [x, weights]), bias]);
}

/** x · yᵀ */
function times(g: GraphBuilder, x: string, y: string): string {
  return g.node('Gemm', [x, y], { int: { transB: 1 } });
}

function slice(g: GraphBuilder, x: string, from: number, to: number): string {
  const id = `slice.${x}.${from}.${to}`;
  return g.node('Slice', [x, g.integers(`${id}.from`, [from]), g.integers(`${id}.to`, [to]), 'axis.1']);
}

function concat(g: GraphBuilder, parts: string[], axis: number): string {
  return g.node('Concat', parts, { int: { axis } });
}

function sum(g: GraphBuilder, [first, ...rest]: string[]): string {
  return rest.reduce((left, right) => g.node('Add', [left, right]), first!);
}

function reduce(g: GraphBuilder, operator: 'ReduceMax' | 'ReduceLogSumExp', x: string): string {
  return g.node(operator, [x], { ints: { axes: [-1] }, int: { keepdims: 1 } });
}

function total(g: GraphBuilder, x: string): string {
  return g.node('ReduceSum', [x, 'axis.-1'], { int: { keepdims: 1 } });
}

function knownDescribed({ masters, dimensions }: MoeModel): [number[], Float32Array] {
  const values = new Float32Array(masters.length * dimensions);
  masters.forEach((master, i) => {
    values.set(master.description, i * dimensions);
  });
  return [[masters.length, dimensions], values];
}
