import { expect, it } from 'vitest';
import { chooseBackend, type Tf } from '../backend/index.js';
import { product, productOfData, scores } from './product.js';

type Two = [import('@tensorflow/tfjs').Tensor2D, import('@tensorflow/tfjs').Tensor2D];

/** Value and both gradients of the sum of squares of f(a, b). */
function derived(tf: Tf, f: (...ab: Two) => Two[0], a: Two[0], b: Two[1]): number[][] {
  const { value, grads } = tf.valueAndGrads((x, y) => tf.sum(tf.square(f(x as Two[0], y as Two[1]))))([a, b]);
  return [value, ...grads].map((t) => Array.from(t.dataSync()));
}

it("has the values and gradients of the library's own product", async () => {
  const { tf } = await chooseBackend();
  const a = tf.randomNormal([4, 3], 0, 1, 'float32', 1) as Two[0];
  const b = tf.randomNormal([3, 5], 0, 1, 'float32', 2) as Two[1];
  const close = (found: number[][], expected: number[][]) => {
    expect(found.map((part) => part.length)).toEqual(expected.map((part) => part.length));
    found.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(expected.flat()[i]!, 3);
    });
  };
  const own = derived(tf, (x, y) => tf.matMul(x, y), a, b);
  close(
    derived(tf, (x, y) => product(tf, x, y), a, b),
    own,
  );
  close(
    derived(tf, (x, y) => scores(tf, x, tf.transpose(y)), a, b),
    own,
  );
  const [value, , right] = derived(tf, (x, y) => productOfData(tf, x, y), a, b);
  close([value!, right!], [own[0]!, own[2]!]);
});
