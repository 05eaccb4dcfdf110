// A network's parameters on their way between plain arrays and tensors.
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './backend.js';

/** Numbers with a shape, row-major. What crosses threads, processes and files. */
export interface Matrix {
  shape: number[];
  values: Float32Array;
}

export function toTensors(tf: Tf, parameters: Readonly<Record<string, Matrix>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(parameters).map(([name, m]) => [name, tf.tensor(m.values, m.shape)]));
}

export function toMatrix(tensor: Tensor): Matrix {
  return { shape: [...tensor.shape], values: Float32Array.from(tensor.dataSync()) };
}
