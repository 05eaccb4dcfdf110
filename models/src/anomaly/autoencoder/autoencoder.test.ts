import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendChoice, chooseBackend, toTensors } from '../../backend/index.js';
import { toFeeds } from '../../onnx/index.js';
import { generatedSeries } from '../generated-series.test-data.js';
import { exportAutoencoder } from './export.js';
import { AutoencoderDataError, AutoencoderSession, crossFitAutoencoder, trainAutoencoder } from './index.js';
import { reconstruct } from './network.js';
import type { AutoencoderModel } from './train.js';
import { windowsOf } from './windows.js';

const { train, test, label } = generatedSeries(4, ['burst', 'shift'], 3, 400);
let backend: BackendChoice;
let model: AutoencoderModel;
let session: AutoencoderSession;
beforeAll(async () => {
  backend = await chooseBackend();
  model = await trainAutoencoder(train.gauges, [train.columns], { steps: 120 });
  session = await AutoencoderSession.of(model);
}, 120_000);

describe('the exported autoencoder', () => {
  it('gives what the network gave where it was trained', async () => {
    const { tf } = backend;
    const { values, known, count } = windowsOf(test.columns, model.scales, model.window, 100, 120);
    const shape: [number, number] = [count, model.window * 3];
    const weights = toTensors(tf, model.weights);
    const made = tf.tidy(() =>
      reconstruct(tf, weights, tf.tensor2d(values, shape), tf.tensor2d(known, shape)).dataSync(),
    );
    const served = await InferenceSession.create(exportAutoencoder(model));
    const feeds = toFeeds({
      window: { shape, values: Array.from(values) },
      known: { shape, values: Array.from(known) },
    });
    const { reconstruction } = await served.run(feeds);
    for (const [i, value] of (reconstruction!.data as Float32Array).entries()) expect(value).toBeCloseTo(made[i]!, 4);
  });

  it('is off by more where something is wrong, most in the gauge where it is', async () => {
    const errors = await session.errors(test.columns);
    const over = (g: number, wrong: 0 | 1) => {
      const mine = errors[g]!.filter((_, t) => t > 20 && label[t] === wrong);
      return mine.reduce((a, b) => a + b, 0) / mine.length;
    };
    const rise = (g: number) => over(g, 1) / over(g, 0);
    expect(rise(0)).toBeGreaterThan(1.5);
    expect(rise(0)).toBeGreaterThan(1.5 * Math.max(rise(1), rise(2)));
  });

  it('says the same of a step whatever comes after it, and one at a time as many at once', async () => {
    const all = await session.errors(test.columns);
    const alone = await session.errors(
      test.columns.map((column) => column.slice(0, 51)),
      50,
    );
    for (const [g, column] of alone.entries()) expect(column[0]).toBeCloseTo(all[g]![50]!, 4);
  });

  it('says nothing of a gauge that is missing, and goes on with the others', async () => {
    const columns = test.columns.map((column, g) => (g === 2 ? column.map(() => Number.NaN) : column));
    const errors = await session.errors(columns);
    expect(errors[2]!.every(Number.isNaN)).toBe(true);
    expect(errors[0]!.every(Number.isFinite)).toBe(true);
  });
});

it('is the same from the same seed', async () => {
  const once = () => trainAutoencoder(train.gauges, [train.columns], { steps: 20, seed: 3 });
  expect((await once()).weights).toEqual((await once()).weights);
}, 60_000);

it('learns from several stretches, and refuses what is too short', async () => {
  const parts = [0, 1].map((half) => train.columns.map((column) => column.slice(half * 200, half * 200 + 200)));
  expect((await trainAutoencoder(train.gauges, parts, { steps: 20 })).report.windows).toBeGreaterThan(250);
  await expect(trainAutoencoder(['a'], [[new Float64Array(10)]])).rejects.toBeInstanceOf(AutoencoderDataError);
  expect(await crossFitAutoencoder({ gauges: ['a'], columns: [new Float64Array(40)] })).toBeUndefined();
}, 60_000);
