import { describe, expect, it } from 'vitest';
import { encoderForTests } from '../../encoder/encoder-for-tests.js';
import { loadEncoder } from '../../encoder/index.js';
import type { Vote } from '../expert.js';
import { RetrievalExpert, type RetrievalRow, VectorLengthMismatch, VectorRows } from './index.js';

/** Repeatable numbers (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function unit(numbers: readonly number[]): Float32Array {
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (value) => value / length);
}

function vectorNear(centre: readonly number[], spread: number, random: () => number): Float32Array {
  return unit(centre.map((value) => value + spread * (random() - 0.5)));
}

function best(vote: Vote | undefined): string | undefined {
  return Object.entries(vote?.probabilities ?? {}).sort((a, b) => b[1] - a[1])[0]?.[0];
}

const north = [1, 0, 0, 0, 0];
const east = [0, 1, 0, 0, 0];
const up = [0, 0, 1, 0, 0];

function cloud(master: string, centre: readonly number[], rows: number, seed: number, spread = 0.6): RetrievalRow[] {
  const random = randomNumbers(seed);
  return Array.from({ length: rows }, (_, k) => ({
    master,
    text: `${master} ${k}`,
    vector: vectorNear(centre, spread, random),
  }));
}

describe('exact search', () => {
  it.each([1, 3, 4, 7, 130])('finds what a plain comparison of all %i rows finds', (count) => {
    const random = randomNumbers(count);
    for (const dimensions of [1, 6, 9]) {
      const vector = () => unit(Array.from({ length: dimensions }, () => random() - 0.5));
      const vectors = Array.from({ length: count }, vector);
      const rows = new VectorRows(dimensions);
      for (const one of vectors) rows.add(one);
      const questions = [vector(), vector(), vector()];
      const plain = questions.map((question) =>
        vectors
          .map((one) => one.reduce((sum, value, k) => sum + value * (question[k] ?? 0), 0))
          .sort((a, b) => b - a)
          .slice(0, 10),
      );
      const found = rows.nearest(questions, 10);
      found.forEach((hits, q) => {
        expect(hits.length).toBe(Math.min(10, count));
        hits.forEach(({ row, cosine }, k) => {
          expect(cosine).toBeCloseTo(plain[q]?.[k] ?? Number.NaN, 5);
          const own = vectors[row]?.reduce((sum, value, d) => sum + value * (questions[q]?.[d] ?? 0), 0);
          expect(cosine).toBeCloseTo(own ?? Number.NaN, 5);
        });
      });
    }
  });

  it('refuses a vector of another encoder, naming both lengths', () => {
    const rows = new VectorRows(4);
    expect(() => rows.add(new Float32Array(5))).toThrow(VectorLengthMismatch);
    expect(() => rows.nearest([new Float32Array(3)], 1)).toThrow('3 numbers where 4');
  });
});

describe('the retrieval expert', () => {
  const ask = async (expert: RetrievalExpert, numbers: readonly number[]) => {
    const [judgement] = await expert.judge([{ text: '?', embedding: unit(numbers) }]);
    if (!judgement) throw new Error('no judgement came back');
    return judgement;
  };
  const build = (...rows: RetrievalRow[][]) => {
    const expert = new RetrievalExpert({ dimensions: 5 });
    for (const some of rows) expert.add(some);
    return expert;
  };

  it('gives a task to whoever had the nearest ones, and shows them', async () => {
    const expert = build(cloud('north', north, 30, 1), cloud('east', east, 30, 2));
    const { vote } = await ask(expert, [0.2, 1, 0, 0, 0]);
    expect(best(vote)).toBe('east');
    expect(Object.values(vote.probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    expect(vote.evidence[0]).toMatch(/^nearest example of east: "east \d+" \(0\.\d\d\)$/);
  });

  it('abstains without a vector or without rows, whatever else is in the batch', async () => {
    const expert = build(cloud('north', north, 5, 1));
    const votes = await expert.vote([{ text: 'none' }, { text: 'one', embedding: unit(north) }, { text: 'none' }]);
    expect(votes.map(({ abstained }) => abstained)).toEqual([true, false, true]);
    expect(best(votes[1])).toBe('north');
    expect((await ask(build(), north)).vote.abstained).toBe(true);
  });

  it('is less sure of a task between two masters than of one beside them', async () => {
    const expert = build(cloud('north', north, 40, 3), cloud('east', east, 40, 4));
    const clear = await ask(expert, north);
    const between = await ask(expert, [1, 1, 0, 0, 0]);
    expect(clear.vote.probabilities.north).toBeGreaterThan(0.9);
    expect(Math.max(...Object.values(between.vote.probabilities))).toBeLessThan(
      clear.vote.probabilities.north ?? Number.NaN,
    );
  });

  it('sees by nearness that a task is like nothing known', async () => {
    const expert = build(cloud('north', north, 40, 3), cloud('east', east, 40, 4));
    const known = (await ask(expert, north)).nearness ?? Number.NaN;
    const unknown = (await ask(expert, [0, 0, 0, 0, 1])).nearness ?? Number.NaN;
    expect(known).toBeGreaterThan(0.9);
    expect(unknown).toBeLessThan(0.6);
  });

  it('takes masters in and out while it serves, as if it had been built so', async () => {
    const expert = build(cloud('north', north, 50, 5), cloud('up', up, 50, 6), cloud('east', east, 50, 7));
    expect(expert.removeMaster('up')).toBe(50);
    expect(expert.removeMaster('up')).toBe(0);
    const fresh = build(cloud('north', north, 50, 5), cloud('east', east, 50, 7));
    for (const question of [north, east, up, [1, 1, 1, 0, 0]]) {
      const [changed, built] = [await ask(expert, question), await ask(fresh, question)];
      expect(Object.keys(changed.vote.probabilities).sort()).toEqual(['east', 'north']);
      expect(changed.nearness).toBeCloseTo(built.nearness ?? Number.NaN, 6);
      expect(changed.vote.probabilities.north).toBeCloseTo(built.vote.probabilities.north ?? Number.NaN, 6);
    }
    expert.add(cloud('up', up, 10, 8));
    expect(best((await ask(expert, up)).vote)).toBe('up');
  });

  it('removes one kind of a master’s rows and keeps the others', async () => {
    const description: RetrievalRow = { master: 'north', text: 'cold things', vector: unit(up), kind: 'description' };
    const expert = build(cloud('north', north, 5, 1), [description]);
    expect(expert.removeMaster('north', 'description')).toBe(1);
    expect(expert.size).toBe(5);
  });

  it('prefers the master that succeeded with tasks like this one', async () => {
    const like = (master: string, success: boolean, seed: number) =>
      cloud(master, north, 20, seed).map((row) => ({ ...row, success }));
    const { vote } = await ask(build(like('able', true, 1), like('unable', false, 2)), north);
    expect(vote.probabilities.able).toBeGreaterThan(0.8);
    expect(vote.evidence.join()).toMatch(/which (succeeded|failed)/);
  });

  it('counts heavier rows more', async () => {
    const light = cloud('light', north, 10, 1).map((row) => ({ ...row, weight: 0.1 }));
    expect(best((await ask(build(light, cloud('heavy', north, 10, 1)), north)).vote)).toBe('heavy');
  });

  it('becomes unsure by fitting when nearness tells nothing, and sure when it does', async () => {
    const noise = build(cloud('a', north, 80, 11), cloud('b', north, 80, 12));
    await noise.fit();
    const doubtful = await ask(noise, north);
    expect(Math.max(...Object.values(doubtful.vote.probabilities))).toBeLessThan(0.75);
    const signal = build(cloud('a', north, 80, 11), cloud('b', east, 80, 12));
    await signal.fit();
    expect((await ask(signal, north)).vote.probabilities.a).toBeGreaterThan(0.95);
  });

  it('is not made certain by copies of the same text', async () => {
    const random = randomNumbers(5);
    const rows = Array.from({ length: 100 }, (_, k) => ({
      master: random() < 0.5 ? 'a' : 'b',
      text: `text ${k}`,
      vector: vectorNear(north, 0.6, random),
    }));
    const expert = build(rows, rows);
    await expert.fit();
    const { vote } = await ask(expert, north);
    expect(Math.max(...Object.values(vote.probabilities))).toBeLessThan(0.8);
  });
});

const folder = encoderForTests() ?? '';

describe.skipIf(!folder)('the retrieval expert with real vectors', () => {
  it('routes requests worded otherwise than any example', async () => {
    const encoder = await loadEncoder(folder);
    const examples: Record<string, string[]> = {
      security: ['scan the repository for leaked secrets', 'a vulnerability was found in openssl', 'rotate the keys'],
      inventory: ['how many bolts are in stock', 'order more screws from the supplier', 'count the pallets'],
      cicd: ['the nightly build fails on main', 'deploy version 2 to production', 'the pipeline is stuck'],
    };
    const expert = new RetrievalExpert({ dimensions: encoder.dimensions });
    for (const [master, texts] of Object.entries(examples)) {
      const vectors = await encoder.encode(texts);
      expert.add(texts.map((text, k) => ({ master, text, vector: vectors[k] ?? new Float32Array() })));
    }
    const asked = {
      security: 'somebody published our API token, please replace it',
      inventory: 'the warehouse has no nuts left, buy some',
      cicd: 'jenkins shows red since yesterday',
    };
    const embeddings = await encoder.encode(Object.values(asked));
    const votes = await expert.vote(
      Object.values(asked).map((text, k) => ({ text, embedding: embeddings[k] ?? new Float32Array() })),
    );
    expect(votes.map(best)).toEqual(Object.keys(asked));
    await encoder.close();
  });
});
