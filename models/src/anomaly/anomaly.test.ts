import { beforeAll, describe, expect, it } from 'vitest';
import { FAULTS, generatedSeries } from './generated-series.test-data.js';
import {
  AnomalyDataError,
  type AnomalyModel,
  type AnomalyStep,
  detectorNames,
  findSeason,
  fitAnomalyModel,
  type GaugeTable,
  openAnomalyModel,
} from './index.js';
import { fitTail, surprise, tailQuantile } from './tail.js';

function watch(model: AnomalyModel, { columns }: GaugeTable): AnomalyStep[] {
  const stream = openAnomalyModel(model);
  return Array.from(columns[0]!, (_, t) => stream(columns.map((column) => column[t]!)));
}

const { train, test, label } = generatedSeries(1);
let model: AnomalyModel;
let steps: AnomalyStep[];
beforeAll(() => {
  model = fitAnomalyModel(train);
  steps = watch(model, test);
});

describe('a score', () => {
  it('is the same whatever comes after its step', () => {
    const half = 500;
    const columns = test.columns.map((c) => c.map((value, t) => (t < half ? value : value * -7 + 1e6)));
    const other = watch(model, { ...test, columns });
    expect(other.slice(0, half)).toEqual(steps.slice(0, half));
    expect(other[half]!.score).not.toBe(steps[half]!.score);
  });

  it('is the same in another run, and from a model that went through JSON', () => {
    const again = JSON.parse(JSON.stringify(fitAnomalyModel(train))) as AnomalyModel;
    expect(watch(again, test)).toEqual(steps);
  });

  it('is a finite number where values are missing here, there, or for a whole gauge', () => {
    const holes = ({ gauges, columns }: GaugeTable): GaugeTable => ({
      gauges,
      columns: columns.map((c, g) => c.map((value, t) => (g === 2 || (t * 7 + g) % 5 === 0 ? Number.NaN : value))),
    });
    const found = watch(fitAnomalyModel(holes(train)), holes(test));
    expect(found.every(({ score }) => Number.isFinite(score) && score >= 0)).toBe(true);
  });

  it('is a finite number where a gauge that never moved begins to', () => {
    const still = { gauges: ['still'], columns: [new Float64Array(200).fill(3)] };
    const moves = { gauges: ['still'], columns: [Float64Array.from({ length: 100 }, (_, t) => (t < 50 ? 3 : 3 + t))] };
    const found = watch(fitAnomalyModel(still), moves);
    expect(found.every(({ score }) => Number.isFinite(score))).toBe(true);
    expect(found[49]!.alert).toBe(false);
    expect(found[60]!.alert).toBe(true);
  });
});

describe('an alert', () => {
  it.each(FAULTS)('is raised for a fault of the kind %s, of which training knew nothing', (fault) => {
    let found = 0;
    for (let seed = 11; seed < 14; seed++) {
      const series = generatedSeries(seed, [fault], 2, 400);
      const seen = watch(fitAnomalyModel(series.train), series.test);
      if (seen.some(({ alert }, t) => alert && series.label[t])) found++;
    }
    expect(found).toBeGreaterThanOrEqual(2);
  });

  it('is rare where nothing happens', () => {
    let alerts = 0;
    let all = 0;
    for (let seed = 21; seed < 25; seed++) {
      const calm = generatedSeries(seed, []);
      const seen = watch(fitAnomalyModel(calm.train), calm.test);
      alerts += seen.filter(({ alert }) => alert).length;
      all += seen.length;
    }
    expect(alerts / all).toBeLessThan(0.02);
  });

  it('names the gauge that made it', () => {
    const inFault = steps.filter(({ alert }, t) => alert && label[t]);
    expect(inFault.length).toBeGreaterThan(20);
    const named = inFault.filter(({ gauges }) => gauges[0]?.gauge === 'gauge0').length;
    expect(named / inFault.length).toBeGreaterThan(0.8);
  });

  it('comes to an end when a change stays', () => {
    const columns = [Float64Array.from({ length: 3000 }, (_, t) => 10 + Math.sin(t * 1.7) + Math.cos(t * 0.9))];
    const higher = { gauges: ['a'], columns: columns.map((c) => c.map((value, t) => value + (t > 300 ? 6 : 0))) };
    const seen = watch(fitAnomalyModel({ gauges: ['a'], columns: columns.map((c) => c.slice(0, 600)) }), higher);
    expect(seen.slice(300, 340).some(({ alert }) => alert)).toBe(true);
    expect(seen.slice(-200).some(({ alert }) => alert)).toBe(false);
  });
});

it('looks across gauges where there are several', () => {
  expect(detectorNames(model)).toContain('pca_gauges');
  const one = generatedSeries(3, [], 1);
  expect(detectorNames(fitAnomalyModel(one.train))).not.toContain('pca_gauges');
});

it('refuses to learn from a handful of steps', () => {
  expect(() => fitAnomalyModel({ gauges: ['a'], columns: [new Float64Array(10)] })).toThrow(AnomalyDataError);
});

describe('a tail', () => {
  const scores = Float64Array.from({ length: 2000 }, (_, i) => -Math.log(1 - (i + 0.5) / 2000));

  it('gives the surprise of an exponential score, within and beyond what training held', () => {
    const tail = fitTail(scores);
    expect(surprise(tail, 1)).toBeCloseTo(1, 1);
    expect(surprise(tail, 5)).toBeCloseTo(5, 0);
    expect(Math.abs(surprise(tail, 12) - 12)).toBeLessThan(2);
    expect(surprise(tail, Number.NaN)).toBe(0);
  });

  it('finds the score of a surprise again', () => {
    const tail = fitTail(scores);
    expect(surprise(tail, tailQuantile(tail, 0.001))).toBeCloseTo(-Math.log(0.001), 9);
  });
});

it('finds a season, and none in noise', () => {
  expect(findSeason(Float64Array.from({ length: 400 }, (_, t) => Math.sin((2 * Math.PI * t) / 24)))).toBe(24);
  expect(findSeason(generatedSeries(5, [], 1).train.columns[0]!.map((_, t) => Math.sin(t * t)))).toBe(0);
});
