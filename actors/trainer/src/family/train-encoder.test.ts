import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Encoder, type LoggedDecision, loadAdapter, seededRandom } from '@cortex/models';
import { expect, it } from 'vitest';
import { pairsOf, trainEncoderInto } from './train-encoder.js';
import { TrainingDataError } from './train-family.js';

const SIZE = 16;

/** Gives "answer 7" a vector of its own, and "question 7" the same one with neighbouring numbers swapped. */
const encoder: Encoder = {
  id: 'swapping',
  dimensions: SIZE,
  async encode(texts) {
    return texts.map((text) => {
      const random = seededRandom(Number(/\d+/.exec(text)?.[0]));
      const own = Array.from({ length: SIZE }, () => random() - 0.5);
      const norm = Math.hypot(...own);
      return Float32Array.from(own, (x, i) => (text.startsWith('question') ? (own[i ^ 1] as number) : x) / norm);
    });
  },
  close: async () => undefined,
};

it('pairs of texts become an adapter with its figures, and titles of tasks are pairs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-train-encoder-'));
  try {
    const rows = Array.from({ length: 400 }, (_, i) => ({ query: `question ${i}`, document: `answer ${i}` }));
    const facts = await trainEncoderInto(rows, { folder, encoder, seed: 1 });
    expect(facts).toMatchObject({
      family: 'encoder',
      rows: 400,
      encoder: 'swapping',
      metrics: { better: 1 },
      notes: [],
    });
    expect(facts.metrics['mrr/adapted']).toBeGreaterThan(0.95);
    expect((await loadAdapter(folder)).encoder).toBe('swapping');
    await expect(trainEncoderInto(rows, { folder, encoder: undefined, seed: 1 })).rejects.toThrow(TrainingDataError);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const task = (text: string, title?: string) => ({ text, features: { title } }) as unknown as LoggedDecision;
  expect(pairsOf([task('It hangs', 'Login'), task('Login fails', 'Login'), task('no title')])).toEqual([
    { query: 'Login', document: 'It hangs' },
  ]);
});
