import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendChoice, chooseBackend } from '../backend/index.js';
import { seededRandom } from '../metrics/index.js';
import { TrainingCrashedError, trainMoeInChild } from './child.js';
import { assignFolds, crossFitMoe } from './cross-fit.js';
import { predictMoe } from './predict.js';
import { MoeDataError } from './rows.js';
import { syntheticMasters, syntheticRows, unitVector } from './rows-for-tests.js';
import { TrainingDivergedError } from './run.js';
import { trainMoe } from './train.js';
import type { MoeRow } from './types.js';

const D = 16;
const masters = syntheticMasters(5, D);
const rows = syntheticRows(masters, 40, 1.2);
const test = syntheticRows(masters, 40, 1.2, 99);
let backend: BackendChoice;

beforeAll(async () => {
  backend = await chooseBackend();
});

function accuracy(logits: Float32Array, of: readonly MoeRow[]): number {
  const count = masters.length;
  const right = of.filter((row, i) => {
    const part = logits.subarray(i * count, (i + 1) * count);
    return masters[part.indexOf(Math.max(...part))]!.name === row.label;
  });
  return right.length / of.length;
}

describe('training the router', () => {
  it('learns what descriptions do not say', async () => {
    // Every description belongs to the neighbour's tasks: by description alone all answers are wrong.
    const turned = masters.map((m, i) => ({ ...m, description: masters[(i + 1) % masters.length]!.description }));
    const model = await trainMoe(rows, turned, { epochs: 12, batch: 32, refit: false }, backend);
    expect(accuracy(predictMoe(backend.tf, model, test).logits, test)).toBeGreaterThan(0.8);
    expect(model.report).toMatchObject({ rows: 200, heldOutRows: 20, backend: backend.name });
  });

  it('gives the same network for the same seed, and another for another', async () => {
    const train = (seed: number) => trainMoe(rows, masters, { seed, epochs: 2, batch: 64, refit: false }, backend);
    const [first, again, other] = [await train(4), await train(4), await train(5)];
    expect(Array.from(again.learned.values)).toEqual(Array.from(first.learned.values));
    expect(again.report.heldOut).toEqual(first.report.heldOut);
    expect(Array.from(other.learned.values)).not.toEqual(Array.from(first.learned.values));
  });

  it('keeps no tensor behind', async () => {
    const { tf } = backend;
    await trainMoe(rows, masters, { epochs: 1, batch: 64 }, backend);
    const before = tf.memory().numTensors;
    await trainMoe(rows, masters, { epochs: 1, batch: 64 }, backend);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is less sure of tasks that no master fits once it has seen such', async () => {
    const random = seededRandom(8);
    const strange = () => Array.from({ length: 60 }, (): MoeRow => ({ vector: unitVector(D, random), label: null }));
    const outside = strange();
    const sure = async (of: readonly MoeRow[]) => {
      const model = await trainMoe(of, masters, { epochs: 4, batch: 64 }, backend);
      const { confidence } = predictMoe(backend.tf, model, outside);
      return confidence.reduce((sum, p) => sum + p, 0) / outside.length;
    };
    expect(await sure([...rows, ...strange()])).toBeLessThan((await sure(rows)) - 0.1);
  });

  it('learns from outcomes alone, without any label', async () => {
    const tried: MoeRow[] = rows.map(({ vector }, i) => ({
      vector,
      outcome: { master: masters[i % 5]!.name, success: i % 5 !== 3 },
    }));
    const model = await trainMoe(tried, masters, { epochs: 12, batch: 32, refit: false }, backend);
    const { success } = predictMoe(backend.tf, model, test);
    const mean = (m: number) => test.reduce((sum, _, i) => sum + success[i * 5 + m]!, 0) / test.length;
    expect(mean(3)).toBeLessThan(0.3);
    expect(mean(1)).toBeGreaterThan(0.7);
    expect(model.knowsSuccess).toBe(true);
  });

  it('trains on a handful of rows, with nothing held out', async () => {
    const model = await trainMoe(rows.slice(0, 10), masters, { epochs: 5, batch: 8 }, backend);
    expect(model.report).toMatchObject({ heldOutRows: 0, heldOut: null, epochs: 5 });
    expect(model.learned.values.every(Number.isFinite)).toBe(true);
  });

  it('without any row chooses the nearest description', async () => {
    const model = await trainMoe([], masters, {}, backend);
    const { logits } = predictMoe(backend.tf, model, test);
    const nearest = test.map(({ vector }) => {
      const cosines = masters.map((m) => m.description.reduce((sum, value, i) => sum + value * vector[i]!, 0));
      return cosines.indexOf(Math.max(...cosines));
    });
    const chosen = test.map((_, i) => {
      const part = logits.subarray(i * 5, (i + 1) * 5);
      return part.indexOf(Math.max(...part));
    });
    expect(chosen).toEqual(nearest);
  });

  it('does not learn that a master without rows is wrong', async () => {
    const few = rows.filter((row) => row.label !== 'master-4');
    const model = await trainMoe(few, masters, { epochs: 8, batch: 32, refit: false }, backend);
    const { logits } = predictMoe(backend.tf, model, test);
    const found = test.filter((row, i) => {
      const part = logits.subarray(i * 5, (i + 1) * 5);
      return row.label === 'master-4' && part.indexOf(Math.max(...part)) === 4;
    });
    expect(found.length).toBeGreaterThan(0.6 * 40);
    expect(model.masters).toHaveLength(5);
  });

  it('stops with a reason when the loss stops being a number', async () => {
    const wild = trainMoe(rows, masters, { epochs: 3, batch: 64, learningRate: 1e30 }, backend);
    await expect(wild).rejects.toBeInstanceOf(TrainingDivergedError);
  });

  it('names the row it cannot learn from', async () => {
    const odd: MoeRow = { vector: rows[0]!.vector, label: 'nobody' };
    await expect(trainMoe([rows[0]!, odd], masters, {}, backend)).rejects.toMatchObject({
      constructor: MoeDataError,
      row: 1,
    });
    const broken: MoeRow = { vector: new Float32Array(D).fill(Number.NaN), label: 'master-0' };
    await expect(trainMoe([broken], masters, {}, backend)).rejects.toThrow(/not a finite number/);
  });
});

describe('training in a child process', () => {
  it('gives the network that training here gives, and leaves the event loop free meanwhile', async () => {
    let turns = 0;
    const counting = setInterval(() => {
      turns++;
    }, 1);
    const epochs: number[] = [];
    const inChild = await trainMoeInChild(rows, masters, {
      epochs: 3,
      batch: 64,
      onEpoch: ({ epoch }) => epochs.push(epoch),
    });
    clearInterval(counting);
    const here = await trainMoe(rows, masters, { epochs: 3, batch: 64 }, backend);
    expect(Array.from(inChild.learned.values)).toEqual(Array.from(here.learned.values));
    expect(epochs.slice(0, 3)).toEqual([1, 2, 3]);
    expect(turns).toBeGreaterThan(20);
  });

  it('passes on which row is at fault', async () => {
    await expect(trainMoeInChild([{ vector: rows[0]!.vector, label: 'nobody' }], masters)).rejects.toMatchObject({
      constructor: MoeDataError,
      row: 0,
    });
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const training = trainMoeInChild(rows, masters, {
      epochs: 100_000,
      patience: 100_000,
      signal: stop.signal,
      onEpoch: () => stop.abort(),
    });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('cross-fitting', () => {
  it('puts every label into every fold', () => {
    const folds = assignFolds(rows, 4, 1);
    for (const { name } of masters) {
      const seen = new Set(rows.flatMap((row, i) => (row.label === name ? [folds[i]!] : [])));
      expect(seen.size).toBe(4);
    }
  });

  it('answers each row by a network that has not seen it', async () => {
    // One vector carries a label of its own: a network that has seen it knows it by heart, others cannot.
    const mislabelled = rows.map((row, i) => (i === 0 ? { ...row, label: 'master-3' } : row));
    const like = await trainMoe(mislabelled, masters, { fixedEpochs: 10, batch: 32 }, backend);
    const fitted = await crossFitMoe(mislabelled, masters, { folds: 2, like, parallel: 2, batch: 32 });
    expect(fitted.logits).toHaveLength(rows.length * masters.length);
    expect(accuracy(fitted.logits, rows)).toBeGreaterThan(0.8);
    const part = fitted.logits.subarray(0, masters.length);
    expect(part.indexOf(Math.max(...part))).toBe(0);
  });

  it('ends every fold when one fails', async () => {
    const odd: MoeRow[] = [...rows, { vector: rows[0]!.vector, label: 'nobody' }];
    await expect(crossFitMoe(odd, masters, { folds: 2, parallel: 2 })).rejects.toSatisfy(
      (error) => error instanceof MoeDataError || error instanceof TrainingCrashedError,
    );
  });
});
