// Matrix products whose gradients are products too, of matrices transposed beforehand.
// The one thing to know: the library's own gradient asks the kernel to transpose, and the WASM kernel has no fast way for
// that: 28 ms against 4 for one layer of this network. The numbers are the same.
import type { GradSaveFunc, Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from '../backend/index.js';

type Gradient = (dy: Tensor, saved: Tensor[]) => Tensor[];
type Forward = (a: Tensor, b: Tensor, save: GradSaveFunc) => { value: Tensor; gradFunc: Gradient };

/** a · b */
export function product(tf: Tf, a: Tensor2D, b: Tensor2D): Tensor2D {
  return withGradient(tf, a, b, (dy, left, right) => [
    tf.matMul(dy, tf.transpose(right)),
    tf.matMul(tf.transpose(left), dy),
  ]);
}

/** data · b, where the data is given and only b is learned. */
export function productOfData(tf: Tf, data: Tensor2D, b: Tensor2D): Tensor2D {
  return withGradient(tf, data, b, (dy, left) => [tf.zerosLike(left), tf.matMul(tf.transpose(left), dy)]);
}

/** a · bᵀ: the score of every row of a with every row of b. */
export function scores(tf: Tf, a: Tensor2D, b: Tensor2D): Tensor2D {
  return product(tf, a, tf.transpose(b));
}

type Both = (dy: Tensor2D, left: Tensor2D, right: Tensor2D) => Tensor[];

function withGradient(tf: Tf, a: Tensor2D, b: Tensor2D, gradient: Both): Tensor2D {
  const forward: Forward = (left, right, save) => {
    save([left, right]);
    return {
      value: tf.matMul(left as Tensor2D, right as Tensor2D),
      gradFunc: (dy, saved) => gradient(dy as Tensor2D, saved[0] as Tensor2D, saved[1] as Tensor2D),
    };
  };
  return tf.customGrad(forward as Parameters<Tf['customGrad']>[0])(a, b) as Tensor2D;
}
