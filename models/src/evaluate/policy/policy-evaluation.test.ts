import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mean, seededRandom } from '../../metrics/index.js';
import type { LearnedPolicy } from '../../policy/index.js';
import { runEvaluatePolicy } from './index.js';
import { areaOf } from './scores.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-policy-'));
});
afterAll(() => rm(folder, { recursive: true }));

function rowsOf(count: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const hard = random() < 0.4;
    const text = hard ? `prove lemma ${i} of the theorem` : `greet guest ${i} of the house`;
    const scores = { dear: random() < 0.9 ? 1 : 0, cheap: hard ? Number(random() < 0.2) : Number(random() < 0.95) };
    return { text, scores, costs: { dear: 20, cheap: 1 } };
  });
}

describe('evaluate policy', () => {
  it('prints every figure of the contract, between random and oracle', async () => {
    const [train, test] = [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')];
    await writeFile(
      train,
      rowsOf(500, 1)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    await writeFile(
      test,
      rowsOf(300, 2)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const document = await runEvaluatePolicy({ train, test });
    expect(document).toMatchObject({ cheapest: 'cheap', best: 'dear', best_single: { master: 'dear', cost: 20 } });
    expect(document.area!).toBeGreaterThan(0.75);
    expect(document.success).toBeGreaterThan(document.random.success);
    expect(document.success).toBeLessThanOrEqual(document.oracle.success);
    expect(document.cost).toBeLessThan(0.7 * document.best_single.cost);
    expect(document.curve[0]).toMatchObject({ share: 0, cost: 1 });
    expect(document.curve.at(-1)).toMatchObject({ share: 1, cost: 20 });
    expect(document.shares.dear! + document.shares.cheap!).toBeCloseTo(1, 12);
  });

  it('names the row and field of a result that is missing', async () => {
    const file = join(folder, 'missing.jsonl');
    await writeFile(
      file,
      '{"text":"x","scores":{"a":1,"b":0},"costs":{"a":1,"b":2}}\n{"text":"y","scores":{"a":1},"costs":{"a":1}}',
    );
    await expect(runEvaluatePolicy({ train: file, test: file })).rejects.toMatchObject({ line: 2, field: 'scores.b' });
  });

  it('measures a half for choosing blindly, more for knowing, less for the reverse', () => {
    const random = seededRandom(3);
    const rows = rowsOf(2000, 4);
    const policy = { masters: ['cheap', 'dear'], cheapest: 0, best: 1 } as LearnedPolicy;
    const area = (gain: (row: (typeof rows)[number]) => number) =>
      areaOf(
        policy,
        rows,
        rows.map((row) => [0, gain(row)]),
        1,
      ).area!;
    expect(mean(Array.from({ length: 5 }, () => area(() => random())))).toBeCloseTo(0.5, 1);
    expect(area((row) => row.scores.dear - row.scores.cheap)).toBeGreaterThan(0.8);
    expect(area((row) => row.scores.cheap - row.scores.dear)).toBeLessThan(0.2);
  });
});
