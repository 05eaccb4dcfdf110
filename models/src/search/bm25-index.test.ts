import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { Bm25Index } from './index.js';

const WORDS = 'alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa'.split(
  ' ',
);

function texts(count: number, seed: number): string[] {
  const random = seededRandom(seed);
  const word = () => WORDS[Math.floor(random() ** 2 * WORDS.length)]!;
  return Array.from({ length: count }, () => Array.from({ length: 3 + Math.floor(random() * 20) }, word).join(' '));
}

describe('the inverted index', () => {
  it('scores as the formula of BM25 says', () => {
    const index = new Bm25Index({ k1: 1.2, b: 0.75 });
    index.add('a', 'cat sat mat');
    index.add('b', 'dog');
    // idf of a term in one of two documents; length 3 against a mean of 2.
    const idf = Math.log(1 + (2 - 1 + 0.5) / (1 + 0.5));
    const tf = 1 / (0.25 + (0.75 * 3) / 2);
    expect(index.search('cat')).toEqual([{ id: 'a', score: expect.closeTo((idf * tf * 2.2) / (1.2 + tf), 9) }]);
  });

  it('counts a word in the title more than one in the text', () => {
    const index = new Bm25Index();
    index.add('text', 'router queue', 'something else');
    index.add('title', 'something else', 'router queue');
    expect(index.search('router').map(({ id }) => id)).toEqual(['title', 'text']);
  });

  it('ranks as an index that never had the removed documents, before and after sweeping', () => {
    const all = texts(600, 3);
    const kept = new Bm25Index();
    const thinned = new Bm25Index();
    all.forEach((text, i) => {
      thinned.add(`d${i}`, text, text.slice(0, 12));
      if (i % 3 === 0 || i > 400) kept.add(`d${i}`, text, text.slice(0, 12));
    });
    for (let i = 0; i <= 400; i++) {
      if (i % 3 !== 0) expect(thinned.remove(`d${i}`)).toBe(true);
      if (i % 100 !== 7) continue;
      const gone = Array.from({ length: i + 1 }, (_, k) => `d${k}`).filter((_, k) => k % 3 !== 0);
      const found = new Set(thinned.search(WORDS.join(' '), { most: 600 }).map(({ id }) => id));
      expect(gone.filter((id) => found.has(id))).toEqual([]);
    }
    expect(thinned.size).toBe(kept.size);
    for (const question of texts(20, 4)) {
      const expected = kept.search(question, { most: 50 });
      const found = thinned.search(question, { most: 50 });
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      found.forEach(({ score }, i) => {
        expect(score).toBeCloseTo(expected[i]!.score, 9);
      });
    }
  });

  it('replaces a document of the same id', () => {
    const index = new Bm25Index();
    index.add('a', 'old words');
    index.add('a', 'new terms');
    expect(index.size).toBe(1);
    expect(index.search('old')).toEqual([]);
    expect(index.search('new').map(({ id }) => id)).toEqual(['a']);
  });

  it('leaves out what must not be answered, and still answers as many as wanted', () => {
    const index = new Bm25Index();
    texts(50, 5).forEach((text, i) => {
      index.add(`d${i}`, `${text} shared`);
    });
    const hits = index.search('shared', { most: 10, without: (id) => id === 'd3' });
    expect(hits).toHaveLength(10);
    expect(hits.map(({ id }) => id)).not.toContain('d3');
  });

  it('answers nothing, and does not fail, where nothing matches or nothing is asked', () => {
    const index = new Bm25Index();
    expect(index.search('anything')).toEqual([]);
    index.add('empty', '');
    expect(index.search('')).toEqual([]);
    expect(index.search('anything')).toEqual([]);
    expect(index.remove('unknown')).toBe(false);
  });
});
