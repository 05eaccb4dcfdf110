// Whoever labels decides how wide a label is: the score has to rank well for those that end with the fault and for those far wider.
import { describe, expect, it } from 'vitest';
import { averagePrecision, ranked } from '../evaluate/anomalies/scores.js';
import { mean } from '../metrics/index.js';
import { type GeneratedSeries, generatedSeries, machineSeries } from './generated-series.test-data.js';
import { detectorNames, fitAnomalyModel, openAnomalyModel } from './index.js';

/** Mean AUC-PR of the ensemble and of each detector alone. */
function areas(all: readonly GeneratedSeries[]): { ensemble: number; alone: Record<string, number> } {
  const ensemble: number[] = [];
  const alone = new Map<string, number[]>();
  for (const { train, test, label } of all) {
    const model = fitAnomalyModel(train);
    const names = detectorNames(model);
    const stream = openAnomalyModel(model);
    const steps = Array.from(label, (_, t) => stream(test.columns.map((column) => column[t]!)));
    const area = (scores: Float64Array) => averagePrecision(ranked(scores), label);
    ensemble.push(area(Float64Array.from(steps, ({ score }) => score)));
    names.forEach((name, d) => {
      alone.set(name, [...(alone.get(name) ?? []), area(Float64Array.from(steps, ({ detectors }) => detectors[d]!))]);
    });
  }
  return {
    ensemble: mean(ensemble),
    alone: Object.fromEntries([...alone].map(([name, found]) => [name, mean(found)])),
  };
}

function wider(series: GeneratedSeries, by: number): GeneratedSeries {
  const label = series.label.map((_, t) =>
    series.label.subarray(Math.max(0, t - by), t + by + 1).includes(1) ? 1 : 0,
  );
  return { ...series, label };
}

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('the ensemble ranks better than each of its detectors', () => {
  it.each([
    [
      'labels that end with the fault, one gauge',
      () => seeds(100, 4).map((seed) => generatedSeries(seed, undefined, 1)),
    ],
    [
      'labels that end with the fault, three gauges',
      () => seeds(200, 3).map((seed) => generatedSeries(seed, undefined, 3)),
    ],
    [
      'labels sixty steps wider on both sides',
      () => seeds(400, 3).map((seed) => wider(generatedSeries(seed, undefined, 1, 1_500), 60)),
    ],
    ['gauges of a machine, some constant, some missing', () => seeds(800, 2).map((seed) => machineSeries(seed, 5))],
  ])(
    'on %s',
    (_, make) => {
      const { ensemble, alone } = areas(make());
      for (const [name, area] of Object.entries(alone)) expect(ensemble, name).toBeGreaterThan(area + 0.02);
    },
    60_000,
  );
});
