import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import {
  DenseIndex,
  fuseRanks,
  fuseScores,
  type Hit,
  HybridIndex,
  passages,
  titledPassages,
  withoutNearDuplicates,
} from './index.js';

const random = seededRandom(11);
function unit(dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id);

describe('the dense index', () => {
  it('answers by exact cosine of the nearest passage, each document once, after removals too', () => {
    const index = new DenseIndex(6);
    const all = new Map<string, Float32Array[]>();
    for (let i = 0; i < 200; i++) {
      const vectors = Array.from({ length: 1 + (i % 4) }, () => unit(6));
      all.set(`d${i}`, vectors);
      index.add(`d${i}`, vectors);
    }
    for (let i = 0; i < 200; i += 3) {
      index.remove(`d${i}`);
      all.delete(`d${i}`);
    }
    const question = unit(6);
    const cosine = (vectors: Float32Array[]) =>
      Math.max(...vectors.map((v) => v.reduce((sum, value, k) => sum + value * question[k]!, 0)));
    const expected = [...all].map(([id, v]) => ({ id, score: cosine(v) })).sort((a, b) => b.score - a.score);
    const found = index.search(question, { most: 40 });
    expect(ids(found)).toEqual(ids(expected.slice(0, 40)));
    expect(found[0]!.score).toBeCloseTo(expected[0]!.score, 5);
    expect(index.search(question, { most: 1000 })).toHaveLength(all.size);
  });
});

describe('fusion', () => {
  const half = (hits: Hit[]) => ({ hits, scoreOf: (id: string) => hits.find((hit) => hit.id === id)?.score ?? 0 });
  const words = half([
    { id: 'a', score: 9 },
    { id: 'b', score: 3 },
    { id: 'c', score: 2 },
  ]);
  const meaning = half([
    { id: 'c', score: 0.9 },
    { id: 'b', score: 0.3 },
    { id: 'a', score: 0.2 },
  ]);

  it('is each half alone at its end of the weight', () => {
    expect(ids(fuseScores(words, meaning, 0))).toEqual(['a', 'b', 'c']);
    expect(ids(fuseScores(words, meaning, 1))).toEqual(['c', 'b', 'a']);
  });

  it('follows the half that sees one document stand out when the other sees all alike', () => {
    const all = Array.from({ length: 100 }, (_, i) => `d${i}`);
    const flat = half(all.map((id, i) => ({ id, score: 5 - i / 100 })));
    const sharp = half(
      ['d60', ...all.filter((id) => id !== 'd60')].map((id) => ({ id, score: id === 'd60' ? 0.9 : 0.3 })),
    );
    expect(fuseScores(flat, sharp, 0.5)[0]!.id).toBe('d60');
  });

  it('gives finite scores for one hit, equal hits and none', () => {
    const cases = [
      half([]),
      half([{ id: 'a', score: 2 }]),
      half([
        { id: 'a', score: 2 },
        { id: 'b', score: 2 },
      ]),
    ];
    for (const one of cases)
      for (const other of cases)
        for (const { score } of fuseScores(one, other, 0.5)) expect(score).toSatisfy(Number.isFinite);
  });

  it('by ranks adds the reciprocal places', () => {
    const fused = fuseRanks([words.hits, meaning.hits.slice(0, 1)]);
    expect(fused[0]).toEqual({ id: 'c', score: expect.closeTo(1 / 63 + 1 / 61, 12) });
  });
});

describe('the hybrid index', () => {
  const build = () => {
    const index = new HybridIndex({ dimensions: 4 });
    const axis = (k: number) => Float32Array.from([0, 1, 2, 3], (i) => (i === k ? 1 : 0));
    index.add({ id: 'said', text: 'restart the broker', vectors: [axis(0)] });
    index.add({ id: 'meant', text: 'bounce nats', vectors: [axis(1)] });
    index.add({ id: 'both', text: 'restart nats broker now please today', vectors: [axis(1)] });
    index.add({ id: 'bare', text: 'broker without a vector' });
    return { index, question: { text: 'restart broker', vector: axis(1) } };
  };

  it('puts first what both words and meaning say', () => {
    const { index, question } = build();
    expect(index.search(question)[0]!.id).toBe('both');
    expect(index.search(question, { by: 'words' })[0]!.id).toBe('said');
  });

  it('finds a document without vectors by its words, and answers a question without vector by words', () => {
    const { index, question } = build();
    expect(ids(index.search(question))).toContain('bare');
    expect(index.search({ text: question.text })).toEqual(index.search(question, { by: 'words' }));
  });

  it('never answers a removed document again, by either half', () => {
    const { index, question } = build();
    expect(index.remove('both')).toBe(true);
    for (const by of ['hybrid', 'words', 'meaning'] as const)
      expect(ids(index.search(question, { by }))).not.toContain('both');
  });
});

describe('passages', () => {
  it('hold the whole text, each short enough, cut at sentences', () => {
    const text = Array.from({ length: 300 }, (_, i) => `Sentence number ${i} tells something.`).join(' ');
    const found = passages(text);
    expect(found.join(' ')).toBe(text);
    for (const passage of found) {
      expect(passage.length).toBeLessThanOrEqual(1000);
      expect(passage.endsWith('.')).toBe(true);
    }
  });

  it('each say the title; a text without borders is cut all the same', () => {
    const found = titledPassages('The title', 'x'.repeat(5000));
    expect(found.length).toBeGreaterThan(4);
    for (const passage of found) expect(passage.startsWith('The title\nx')).toBe(true);
    expect(titledPassages('Only a title', '')).toEqual(['Only a title']);
  });
});

describe('near duplicates', () => {
  it('leave only the best placed of texts that repeat one another', () => {
    const base = Array.from({ length: 60 }, (_, i) => `word${i}`);
    const texts: Record<string, string> = {
      first: base.join(' '),
      copy: [...base.slice(0, 59), 'edited'].join(' '),
      other: [...base].reverse().join(' '),
    };
    const hits = Object.keys(texts).map((id, i) => ({ id, score: 3 - i }));
    expect(ids(withoutNearDuplicates(hits, (id) => texts[id]!, 10))).toEqual(['first', 'other']);
  });
});
