import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Encoder, type FittedAdapter, saveAdapter } from '@cortex/models';
import { expect, it } from 'vitest';
import { AdaptedQuestions } from './adapted.js';

const encoder: Encoder = {
  id: 'two-numbers',
  dimensions: 2,
  encode: async (texts) => texts.map(() => Float32Array.of(1, 0)),
  close: async () => undefined,
};
/** Turns the first axis into the second. */
const turned = (better: boolean): FittedAdapter => ({
  map: Float32Array.of(0, 1, 1, 0),
  report: {
    ...{ pairs: 500, documents: 500, lambda: 1, held_out: 100, better },
    mrr: { frozen: 0.3, adapted: 0.4, low: 0.05, high: 0.15 },
    'ndcg@10': { frozen: 0.3, adapted: 0.4, low: 0.05, high: 0.15 },
  },
});

it('questions are adapted where an adapter serves, and asked as they are where none does, or one for another encoder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-adapted-'));
  const ask = async (where: string | undefined) => {
    const questions = new AdaptedQuestions(where);
    const [vector] = await questions.vectors(encoder, ['how']);
    return { vector: [...(vector ?? [])], problem: questions.problem };
  };
  try {
    const plain = { vector: [1, 0], problem: undefined };
    expect(await ask(undefined)).toEqual(plain);
    expect(await ask(join(folder, 'none'))).toEqual(plain);
    await saveAdapter(turned(true), 'two-numbers', join(folder, 'good'));
    expect(await ask(join(folder, 'good'))).toEqual({ vector: [0, 1], problem: undefined });
    await saveAdapter(turned(false), 'two-numbers', join(folder, 'lost'));
    expect(await ask(join(folder, 'lost'))).toEqual({
      vector: [1, 0],
      problem: expect.stringMatching(/does not beat/),
    });
    await saveAdapter(turned(true), 'another', join(folder, 'strange'));
    expect(await ask(join(folder, 'strange'))).toEqual({
      vector: [1, 0],
      problem: expect.stringMatching(/for the encoder another/),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
