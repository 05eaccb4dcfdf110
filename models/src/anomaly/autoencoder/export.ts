// The autoencoder as an ONNX graph that answers errors: by gauge, how far the known cells lie from what the network makes of them.
// The one thing to know: the present counts most, each two steps before it half as much, so that an error ends soon after its cause.
//
// Inputs   window, known [batch, W·G]: scaled values step after step, 0 where missing, and 1 where known
// Outputs  reconstruction [batch, W·G] · errors [batch, G]: root of the weighted mean squared error in units of the usual one
import { GraphBuilder } from '../../onnx/index.js';
import { LAYERS } from './network.js';
import type { AutoencoderModel } from './train.js';

/** Steps after which a step of the window counts half. */
const HALF_LIFE = 2;

export const AUTOENCODER_INPUTS = ['window', 'known'] as const;
export const AUTOENCODER_OUTPUTS = ['reconstruction', 'errors'] as const;

/** Bytes of the ONNX file. */
export function exportAutoencoder({ gauges, window, usual, weights }: AutoencoderModel): Uint8Array {
  const g = new GraphBuilder('Autoencoder');
  const cells = window * gauges.length;
  for (const [name, { shape, values }] of Object.entries(weights)) g.constant(name, shape, values);
  g.input('window', ['batch', cells]);
  g.input('known', ['batch', cells]);
  let x = g.node('Concat', ['window', 'known'], { int: { axis: 1 } });
  for (const layer of LAYERS) {
    const sum = [g.node('MatMul', [x, `${layer}.w`]), `${layer}.b`];
    x = layer === 'out' ? g.node('Add', sum, {}, 'reconstruction') : g.node('Tanh', [g.node('Add', sum)]);
  }
  const off = g.node('Mul', [g.node('Sub', ['reconstruction', 'window']), 'known']);
  // [W·G, G]: sums the weighted steps of each gauge.
  const pick = new Float32Array(cells * gauges.length);
  for (let i = 0; i < cells; i++) {
    const ago = window - 1 - Math.floor(i / gauges.length);
    pick[i * gauges.length + (i % gauges.length)] = 2 ** (-ago / HALF_LIFE);
  }
  g.constant('by_gauge', [cells, gauges.length], pick);
  const sum = g.node('MatMul', [g.node('Mul', [off, off]), 'by_gauge']);
  const count = g.node('Max', [g.node('MatMul', ['known', 'by_gauge']), g.scalar('least', 1e-6)]);
  const root = g.node('Sqrt', [g.node('Div', [sum, count])]);
  g.node('Div', [root, g.constant('usual', [1, gauges.length], Float32Array.from(usual))], {}, 'errors');
  g.output('reconstruction', ['batch', cells]);
  g.output('errors', ['batch', gauges.length]);
  return g.build({ 'cortex.family': 'anomaly', 'cortex.gauges': JSON.stringify(gauges) });
}
