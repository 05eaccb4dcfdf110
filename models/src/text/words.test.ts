import { describe, expect, it } from 'vitest';
import { PhraseIndex, stem, typicalWords, words } from './index.js';

describe('words', () => {
  it('splits and lowers words of any alphabet, and keeps apostrophes inside them', () => {
    expect(words("Don't PANIC: café-Ünït №5, ﬁle.ts!")).toEqual([
      "don't",
      'panic',
      'café',
      'ünït',
      'no5',
      'file',
      'ts',
    ]);
  });

  it('makes pairs where a script has no blanks', () => {
    expect(words('支払い ok')).toEqual(['支払', '払い', 'ok']);
  });

  it('folds the endings of one word together', () => {
    for (const family of [
      ['deploy', 'deploys', 'deployed', 'deploying'],
      ['patch', 'patches', 'patched', 'patching'],
      ['vulnerability', 'vulnerabilities'],
      ['update', 'updates', 'updated', 'updating'],
      ['plan', 'plans', 'planned', 'planning'],
      ["customer's", 'customer', 'customers'],
    ]) {
      expect(new Set(family.map(stem)).size, family.join()).toBe(1);
    }
  });

  it('leaves words alone that only look like endings', () => {
    for (const word of ['bus', 'status', 'analysis', 'access', 'string', 'red', 'speed', 'ring', 'feed']) {
      expect(stem(word)).toBe(word);
    }
  });
});

describe('phrases', () => {
  it('finds all of them, overlapping ones too, with where they are', () => {
    const index = new PhraseIndex<string>();
    index.add(['pull', 'request'], 'pr');
    index.add(['request'], 'r');
    expect(index.find(['a', 'pull', 'request'])).toEqual([
      { value: 'pr', from: 1, to: 3 },
      { value: 'r', from: 2, to: 3 },
    ]);
  });
});

describe('typical words', () => {
  it('are those of one group, by the published formula', () => {
    const a = new Map([
      ['x', 8],
      ['both', 10],
    ]);
    const b = new Map([
      ['y', 7],
      ['both', 10],
    ]);
    const [first, second] = typicalWords([a, b], { priorWords: 10 });
    expect(first?.map(({ word }) => word)).toEqual(['x']);
    expect(second?.map(({ word }) => word)).toEqual(['y']);
    // By hand: α = 10·8/35, in 8+α of 18+10, out 0+α of 17+10.
    const alpha = 80 / 35;
    const odds = Math.log((8 + alpha) / (20 - alpha)) - Math.log(alpha / (27 - alpha));
    expect(first?.[0]?.logOdds).toBeCloseTo(odds, 10);
    expect(first?.[0]?.z).toBeCloseTo(odds / Math.sqrt(1 / (8 + alpha) + 1 / alpha), 10);
  });
});
