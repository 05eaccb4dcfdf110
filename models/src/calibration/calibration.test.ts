import { describe, expect, it } from 'vitest';
import { expectedCalibrationError, seededRandom } from '../metrics/index.js';
import { fitLogistic, fitStack, largest, logisticOdds, stackOdds } from './index.js';

const random = seededRandom(8);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Scores of a voice that is right `skill` above noise, shouted `loud` times too loud. */
function voice(target: Int32Array, labels: number, skill: number, loud: number): Float32Array {
  const scores = new Float32Array(target.length * labels);
  target.forEach((label, r) => {
    for (let k = 0; k < labels; k++) scores[r * labels + k] = loud * (normal() + (k === label ? skill : 0));
  });
  return scores;
}

describe('the stack', () => {
  const labels = 5;
  const target = Int32Array.from({ length: 3000 }, () => Math.floor(random() * labels));
  const good = voice(target, labels, 2, 4);
  const poor = voice(target, labels, 0.7, 1);
  const noise = voice(target, labels, 0, 1);
  const judge = (weights: ArrayLike<number>, voices: Float32Array[]) => {
    const odds = new Float64Array(labels);
    const confidence: number[] = [];
    const right: boolean[] = [];
    target.forEach((label, r) => {
      stackOdds(weights, voices, r, odds);
      const best = largest(odds);
      confidence.push(odds[best]!);
      right.push(best === label);
    });
    return { ece: expectedCalibrationError(confidence, right), accuracy: right.filter(Boolean).length / right.length };
  };
  it('turns a voice that shouts into odds that come true', async () => {
    const weights = await fitStack({ labels, voices: [good], target, prior: [1] });
    expect(judge([1], [good]).ece).toBeGreaterThan(0.1);
    expect(judge(weights, [good]).ece).toBeLessThan(0.03);
  });
  it('is better than its best voice and hardly listens to noise', async () => {
    const voices = [good, poor, noise];
    const weights = await fitStack({ labels, voices, target, prior: [1, 1, 1] });
    expect(judge(weights, voices).accuracy).toBeGreaterThan(judge([1, 0, 0], voices).accuracy);
    expect(weights[2]!).toBeLessThan(0.15 * weights[1]!);
  });
  it('keeps to the prior where there are no rows', async () => {
    const none = new Int32Array(target.length).fill(-1);
    expect([...(await fitStack({ labels, voices: [good, poor], target: none, prior: [2, 3] }))]).toEqual([2, 3]);
  });
});

describe('logistic regression', () => {
  it('recovers odds, weighs rows, and does not run away far outside of what it saw', async () => {
    const x = Float64Array.from({ length: 4000 }, () => 10 + 5 * normal());
    const happened = Array.from(x, (value) => random() < 1 / (1 + Math.exp(-(value - 10) / 5)));
    const model = await fitLogistic(['x'], x, happened, { penalty: 0 });
    expect(logisticOdds(model, [10])).toBeCloseTo(0.5, 1);
    expect(logisticOdds(model, [15])).toBeCloseTo(1 / (1 + Math.exp(-1)), 1);
    const constant = await fitLogistic(
      ['x', 'flat'],
      x.slice(0, 200).map((v, i) => (i % 2 ? 1 : v)),
      happened.slice(0, 100),
    );
    expect(logisticOdds(constant, [10, 1e9])).toBeCloseTo(logisticOdds(constant, [10, 7]), 1);
  });
});
