import { describe, expect, it } from 'vitest';
import {
  auroc,
  bootstrapMean,
  brierScore,
  classificationScores,
  confusedPairs,
  expectedCalibrationError,
  logLoss,
  pairedDifference,
  quantile,
  reliabilityTable,
  seededRandom,
  shuffledIndices,
} from './index.js';

describe('classification', () => {
  const truth = ['a', 'a', 'a', 'b', 'b', 'c'];
  const answer = ['a', 'a', 'b', 'b', 'a', 'b'];
  it('agrees with figures worked out by hand', () => {
    const scores = classificationScores(truth, answer);
    expect(scores.accuracy).toBeCloseTo(3 / 6);
    // a: P 2/3 R 2/3; b: P 1/3 R 1/2 → F1 0.4; c: never answered → 0.
    expect(scores.per_class.get('b')).toEqual({ precision: 1 / 3, recall: 0.5, f1: 0.4, support: 2 });
    expect(scores.macro_f1).toBeCloseTo((2 / 3 + 0.4 + 0) / 3);
    expect(scores.weighted_f1).toBeCloseTo((3 * (2 / 3) + 2 * 0.4) / 6);
  });
  it('names the most confused pairs', () => {
    expect(confusedPairs(truth, answer, 1)).toEqual([{ truth: 'a', answer: 'b', count: 1 }]);
  });
  it('refuses lists of different length', () => {
    expect(() => classificationScores(['a'], [])).toThrow(RangeError);
  });
});

describe('calibration error', () => {
  it('is zero when odds come true and the gap when they do not', () => {
    const half = new Array(100).fill(0.5);
    const coin = half.map((_, i) => i % 2 === 0);
    expect(expectedCalibrationError(half, coin)).toBeCloseTo(0);
    expect(expectedCalibrationError(new Array(100).fill(0.9), coin)).toBeCloseTo(0.4);
  });
  it('counts every row in exactly one bin, also odds of 0 and 1', () => {
    const rows = reliabilityTable([0, 1, 0.5, 1 / 15], [false, true, true, false]).reduce(
      (sum, bin) => sum + bin.rows,
      0,
    );
    expect(rows).toBe(4);
  });
  it('scores odds by Brier and log loss', () => {
    expect(brierScore([0.8, 0.3], [true, false])).toBeCloseTo((0.04 + 0.09) / 2);
    expect(logLoss([0.5, 0.25])).toBeCloseTo((Math.log(2) + Math.log(4)) / 2);
    expect(logLoss([0])).toBeLessThan(30);
  });
});

describe('auroc', () => {
  it('is the share of pairs in the right order, ties counted half', () => {
    expect(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBeCloseTo(0.75);
    expect(auroc([1, 1, 1, 1], [0, 1, 0, 1])).toBe(0.5);
    expect(auroc([1, 2], [1, 1])).toBe(0.5);
  });
});

describe('bootstrap', () => {
  it('covers the true mean about as often as it says', () => {
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const random = seededRandom(1000 + trial);
      const values = Array.from({ length: 80 }, () => Number(random() < 0.7));
      const interval = bootstrapMean(values, { seed: trial, rounds: 200 });
      covered += Number(interval.low <= 0.7 && 0.7 <= interval.high);
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThan(0.99);
  });
  it('sees a paired advantage that unpaired spread would hide', () => {
    const random = seededRandom(3);
    const hard = Array.from({ length: 300 }, () => random());
    const b = hard.map((h) => Number(h < 0.5));
    const a = hard.map((h) => Number(h < 0.55));
    expect(pairedDifference(a, b).low).toBeGreaterThan(0);
    expect(pairedDifference(a, b, { factor: 1.5 }).low).toBeLessThan(0);
  });
  it('repeats itself with the same seed', () => {
    expect(bootstrapMean([0, 1, 1, 0, 1], { seed: 4 })).toEqual(bootstrapMean([0, 1, 1, 0, 1], { seed: 4 }));
  });
});

describe('order', () => {
  it('interpolates quantiles', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([], 0.5)).toBeNaN();
  });
  it('shuffles without losing anyone', () => {
    const order = shuffledIndices(50, seededRandom(1));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...shuffledIndices(50, seededRandom(1))]).toEqual([...order]);
  });
});
