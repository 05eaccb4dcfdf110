import { describe, expect, it } from 'vitest';
import { auroc, mean, seededRandom } from '../metrics/index.js';
import { boostScores, columnsOf, sigmoid, trainBoost } from './index.js';

function table(count: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => [random() * 2 - 1, random() * 2 - 1, random() * 2 - 1]);
}

describe('gradient boosting', () => {
  it('learns an exclusive or, which no linear model can', () => {
    const truth = (x: number[]) => (x[0]! * x[1]! > 0 ? 1 : 0);
    const train = table(1500, 1);
    const test = table(500, 2);
    const model = trainBoost(columnsOf(train, 3), Float32Array.from(train, truth), {
      loss: { kind: 'logistic' },
      columnShare: 1,
      rate: 0.2,
      trees: 80,
    });
    expect(auroc(boostScores(model, test), test.map(truth))).toBeGreaterThan(0.97);
  });

  it('gives the same answer for the same seed and after a trip through JSON', () => {
    const rows = table(300, 3);
    const targets = Float32Array.from(rows, (x) => x[0]! + x[1]! ** 2);
    const train = () => trainBoost(columnsOf(rows, 3), targets, { loss: { kind: 'squared' }, trees: 30, seed: 9 });
    expect(train()).toEqual(train());
    expect(boostScores(JSON.parse(JSON.stringify(train())), rows)).toEqual(boostScores(train(), rows));
  });

  it('meets the level of a quantile when the spread depends on the row', () => {
    const random = seededRandom(4);
    const rows = table(4000, 5);
    const noise = (x: number[]) => (1.5 + x[0]!) * (random() + random() + random() - 1.5);
    const targets = Float32Array.from(rows, noise);
    const model = trainBoost(columnsOf(rows, 3), targets, { loss: { kind: 'quantile', level: 0.9 }, trees: 150 });
    const fresh = table(4000, 6);
    const scores = boostScores(model, fresh);
    const covered = fresh.map((x, i) => Number(noise(x) <= scores[i]!));
    expect(mean(covered)).toBeGreaterThan(0.87);
    expect(mean(covered)).toBeLessThan(0.93);
    const wide = mean(fresh.flatMap((x, i) => (x[0]! > 0.5 ? [scores[i]!] : [])));
    const narrow = mean(fresh.flatMap((x, i) => (x[0]! < -0.5 ? [scores[i]!] : [])));
    expect(wide).toBeGreaterThan(narrow * 2);
  });

  it('uses the absence of a value, and takes an absence never seen in training', () => {
    const random = seededRandom(7);
    const rows = table(1000, 8).map((x) => (random() < 0.3 ? [Number.NaN, x[1]!, x[2]!] : x));
    const targets = Float32Array.from(rows, (x) => (Number.isNaN(x[0]!) ? 1 : 0));
    const model = trainBoost(columnsOf(rows, 3), targets, { loss: { kind: 'logistic' }, columnShare: 1, trees: 60 });
    const [absent, present] = boostScores(model, [
      [Number.NaN, 0, 0],
      [0, 0, 0],
    ]);
    expect(sigmoid(absent!)).toBeGreaterThan(0.9);
    expect(sigmoid(present!)).toBeLessThan(0.1);
    expect(Number.isFinite(boostScores(model, [[0, Number.NaN, Number.NaN]])[0])).toBe(true);
  });

  it('stops early and keeps no tree when there is nothing to learn', () => {
    const random = seededRandom(10);
    const rows = table(400, 11);
    const targets = Float32Array.from(rows, () => (random() < 0.5 ? 1 : 0));
    const learn = Int32Array.from({ length: 300 }, (_, i) => i);
    const hold = Int32Array.from({ length: 100 }, (_, i) => 300 + i);
    const model = trainBoost(columnsOf(rows, 3), targets, { loss: { kind: 'logistic' }, trees: 300 }, learn, hold);
    expect(model.trees.length).toBeLessThan(40);
  });

  it('takes a constant column, a single row and equal targets', () => {
    const model = trainBoost(columnsOf([[1, 2, 3]], 3), Float32Array.of(5), { loss: { kind: 'squared' } });
    expect(boostScores(model, [[1, 2, 3]])[0]).toBe(5);
  });
});
