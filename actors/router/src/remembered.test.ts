import { describe, expect, it } from 'vitest';
import { questionKey, Remembered } from './remembered.js';

describe('remembered decisions', () => {
  it('forget the one that was not used for longest when they are full', () => {
    const memory = new Remembered<number>(2);
    memory.set('a', 1);
    memory.set('b', 2);
    expect(memory.get('a')).toBe(1);
    memory.set('c', 3);
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, undefined, 3]);
    expect(memory).toMatchObject({ size: 2, hits: 3, misses: 1 });
  });

  it('remember nothing when told so', () => {
    const memory = new Remembered<number>(0);
    memory.set('a', 1);
    expect(memory.get('a')).toBeUndefined();
  });

  it('are told apart by model, masters and everything of the question that an expert may read', () => {
    const keys = [
      questionKey('m1', 'all', { text: 'a' }),
      questionKey('m2', 'all', { text: 'a' }),
      questionKey('m1', 'few', { text: 'a' }),
      questionKey('m1', 'all', { text: 'b' }),
      questionKey('m1', 'all', { text: 'a', title: 'b' }),
      questionKey('m1', 'all', { text: 'a', repository: 'b' }),
      questionKey('m1', 'all', { text: 'a', source: 'b' }),
      questionKey('m1', 'all', { text: 'a', labels: { b: 'c' } }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(questionKey('m1', 'all', { text: 'a' })).toBe(keys[0]);
  });
});
