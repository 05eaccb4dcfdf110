import { describe, expect, it } from 'vitest';
import { mean, seededRandom } from '../metrics/index.js';
import { calibrated, fitCalibration } from './calibrate.js';
import { fitHistory, historyFeatures } from './history.js';
import { trainLinear } from './linear.js';
import { fitMasterRates, masterRate } from './master-rates.js';
import { nearest } from './neighbours.js';
import { fitPrincipalAxes, project } from './principal-axes.js';
import { TaskReader } from './reader.js';
import { sparseMatrix } from './sparse.js';
import { crossFit } from './target-features.js';
import { TEXT_STATISTICS, textStatistics } from './text-statistics.js';
import { makeTrainingSet } from './training-set.js';

const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('features', () => {
  it('never let a training row see its own outcome', () => {
    const random = seededRandom(1);
    const rows = Array.from({ length: 200 }, (_, i) => ({
      text: `task ${i % 100} ${random()}`,
      master: 'm',
      success: i % 2,
    }));
    const problem = (flipped: number) => ({
      loss: 'logistic' as const,
      targets: Float32Array.from(rows, (row, r) => (r === flipped ? 1 - row.success : row.success)),
      rows: all(rows.length),
      history: fitHistory([], [], []),
    });
    const reader = TaskReader.fit(rows, null, null, 1);
    const set = makeTrainingSet(rows, reader, null, 1);
    const before = crossFit(reader, set, problem(-1), 1);
    const after = crossFit(reader, set, problem(7), 1);
    expect(after[7]).toEqual(before[7]);
    const other = rows.findIndex((_, r) => set.fold[r] !== set.fold[7]);
    expect(after[other]).not.toEqual(before[other]);
  });

  it('keep the two tries at one text in one fold', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      text: `task ${i % 30}`,
      master: i < 30 ? 'a' : 'b',
      success: 1,
    }));
    const { fold } = makeTrainingSet(rows, TaskReader.fit(rows, null, null, 1), null, 1);
    expect(fold.slice(0, 30)).toEqual(fold.slice(30));
  });

  it('look only at earlier rows of the history', () => {
    const history = fitHistory(['a', 'a', 'b'], [10, 20, 15], [1, 0, 1]);
    expect(historyFeatures(history, 'a', 10)[4]).toBeNaN();
    expect(historyFeatures(history, 'a', 20)[4]).toBe(1);
    expect(historyFeatures(history, 'a', undefined)[4]).toBe(0.5);
    expect(historyFeatures(history, 'nobody', 30)[4]).toBeNaN();
  });

  it('pull a master of few rows to all masters, and leave one of many alone', () => {
    const masters = [...new Array(500).fill('a'), ...new Array(500).fill('b'), 'c'];
    const targets = [
      ...new Array(450).fill(1),
      ...new Array(50).fill(0),
      ...new Array(100).fill(1),
      ...new Array(400).fill(0),
      1,
    ];
    const rates = fitMasterRates(masters, targets, all(masters.length));
    expect(masterRate(rates, 'a')).toBeCloseTo(0.9, 1);
    expect(masterRate(rates, 'c')).toBeLessThan(0.85);
    expect(masterRate(rates, 'unknown')).toBeCloseTo(0.55, 2);
  });

  it('have a finite number for every statistic of any text', () => {
    for (const text of ['', '\n\n', '9'.repeat(400), '🙂'.repeat(50), 'f(x) = {a: 1,234.5}; // why?']) {
      const statistics = textStatistics(text);
      expect(statistics).toHaveLength(TEXT_STATISTICS.length);
      expect(statistics.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('parts', () => {
  it('ridge regression meets its closed form', () => {
    const rows = [
      [1, 2],
      [2, 1],
      [3, 5],
      [4, 3],
    ].map((values) => ({ columns: [0, 1], values }));
    const w = trainLinear(sparseMatrix(rows, 2), Float32Array.of(1, 2, 3, 5), all(4), { loss: 'squared', ridge: 0.5 });
    // Normal equations solved by hand on centred columns: (XᵀX + 0.5 I) w = Xᵀy.
    const xx = 5 + 0.5;
    const xy = 3.5;
    const yy = 8.75 + 0.5;
    const determinant = xx * yy - xy * xy;
    expect(w[0]).toBeCloseTo((6.5 * yy - 3.75 * xy) / determinant, 2);
    expect(w[1]).toBeCloseTo((3.75 * xx - 6.5 * xy) / determinant, 2);
  });

  it('principal axes keep what varies', () => {
    const random = seededRandom(2);
    const vectors = Array.from({ length: 300 }, () => {
      const [a, b] = [random() * 10, random() * 5];
      return Float32Array.of(a, b, a + b, random() * 0.01, 3);
    });
    const axes = fitPrincipalAxes(vectors, 2, 1);
    const spread = (values: number[]) => mean(values.map((v) => v * v)) - mean(values) ** 2;
    const kept = [0, 1].reduce((sum, k) => sum + spread(vectors.map((v) => project(axes, v)[k]!)), 0);
    const whole = [0, 1, 2, 3, 4].reduce((sum, k) => sum + spread(vectors.map((v) => v[k]!)), 0);
    expect(kept / whole).toBeGreaterThan(0.999);
  });

  it('neighbours are the exact nearest, in order, without the one left out', () => {
    const random = seededRandom(3);
    const vectors = Float32Array.from({ length: 200 * 8 }, () => random() - 0.5);
    const query = vectors.slice(40, 48);
    const cosines = Array.from({ length: 200 }, (_, t) =>
      query.reduce((sum, q, i) => sum + q * vectors[t * 8 + i]!, 0),
    );
    const expected = [...cosines.keys()].filter((t) => t !== 5).sort((a, b) => cosines[b]! - cosines[a]!);
    expect([...nearest({ dimensions: 8, vectors }, query, 5, 12).texts]).toEqual(expected.slice(0, 12));
    expect(nearest({ dimensions: 8, vectors: new Float32Array() }, query).texts).toHaveLength(0);
  });

  it('calibration mends overconfident odds and leaves good ones alone', () => {
    const random = seededRandom(4);
    const logits = Float64Array.from({ length: 4000 }, () => random() * 4 - 2);
    const truth = Float32Array.from(logits, (z) => (random() < 1 / (1 + Math.exp(-z)) ? 1 : 0));
    const fold = Uint8Array.from(logits, (_, i) => i % 5);
    const mended = fitCalibration(
      logits.map((z) => z * 3),
      truth,
      fold,
    );
    expect(mended.kind).not.toBe('identity');
    for (const z of [-1.5, 0, 1.5])
      expect(Math.abs(calibrated(mended, z * 3) - 1 / (1 + Math.exp(-z)))).toBeLessThan(0.06);
    const kept = fitCalibration(logits, truth, fold);
    for (const z of [-1.5, 0, 1.5]) expect(Math.abs(calibrated(kept, z) - 1 / (1 + Math.exp(-z)))).toBeLessThan(0.06);
  });
});
