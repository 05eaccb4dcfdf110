import { expect, it } from 'vitest';
import { neuralMaker } from './maker.js';
import { syntheticMasters, syntheticRows } from './rows-for-tests.js';

const D = 16;
const masters = syntheticMasters(4, D);
const rows = syntheticRows(masters, 30, 1);
const labels = masters.map((m) => m.name);

// The child is niced: on a busy machine it takes its time.
it('makes a voice from the rows of the ensemble, and takes passes and temperature over for the next', {
  timeout: 120_000,
}, async () => {
  const asked: (readonly string[])[] = [];
  const maker = neuralMaker({
    describe: async (names) => {
      asked.push(names);
      return masters.map((m) => m.description);
    },
    training: { epochs: 3, batch: 32, heldOutShare: 0.3 },
  });
  const given = (from: number, to: number) => ({
    vectors: rows.slice(from, to).map((row) => row.vector),
    target: Int32Array.from(rows.slice(from, to), (row) => labels.indexOf(row.label as string)),
    labels,
    seed: 1,
  });
  await maker.make(given(0, 110));
  const first = maker.latest()!;
  const expert = await maker.make(given(10, 120));
  const second = maker.latest()!;

  expect(asked).toEqual([labels]);
  expect(first.report.heldOutRows).toBeGreaterThan(20);
  expect(second.report.heldOutRows).toBe(0);
  expect(second.report.epochs).toBe(first.report.epochs);
  expect(Array.from(second.weights.temperature!.values)).toEqual(Array.from(first.weights.temperature!.values));
  const votes = await expert.vote(rows.slice(0, 8).map(({ vector }) => ({ text: '', embedding: vector })));
  const right = votes.filter((vote, i) => vote.probabilities[rows[i]!.label as string]! > 0.25);
  expect(right.length).toBeGreaterThan(5);
});
