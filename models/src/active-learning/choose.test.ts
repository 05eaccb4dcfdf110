import { describe, expect, it } from 'vitest';
import { chooseQuestions, type QuestionCandidate, uncertainty } from './index.js';

const odds = (a: number) => ({ security: a, development: 1 - a });

describe('the questions that are put', () => {
  it('are the unsure ones, before the sure ones', () => {
    const candidates = Array.from({ length: 100 }, (_, i) => ({ id: `q-${i}`, probabilities: odds(i / 99) }));
    const chosen = chooseQuestions(candidates, 10, { explore: 0 });
    expect(chosen).toHaveLength(10);
    for (const { id } of chosen) expect(Math.abs(Number(id.slice(2)) - 49.5)).toBeLessThan(6);
  });

  it('are no two alike: one of many copies is enough', () => {
    const copies = Array.from({ length: 50 }, (_, i) => ({
      id: `copy-${i}`,
      probabilities: odds(0.5),
      text: 'the login page is down after the update',
    }));
    const others: QuestionCandidate[] = [
      'rotate the signing keys',
      'count the laptops in Berlin',
      'pipeline fails at linting',
    ].map((text, i) => ({ id: `other-${i}`, probabilities: odds(0.6), text }));
    const chosen = chooseQuestions([...copies, ...others], 4, { explore: 0 }).map(({ id }) => id);
    expect(chosen.filter((id) => id.startsWith('copy'))).toHaveLength(1);
  });

  it('do not leave a group behind, nor who has waited long', () => {
    const candidates = Array.from({ length: 40 }, (_, i) => ({
      id: `q-${i}`,
      probabilities: odds(i < 20 ? 0.5 : 0.53),
      group: i < 20 ? 'loud' : 'quiet',
    }));
    const chosen = chooseQuestions(candidates, 10, { explore: 0 });
    expect(chosen.filter(({ id }) => Number(id.slice(2)) >= 20).length).toBeGreaterThanOrEqual(3);
    const waiting = [
      { id: 'new', probabilities: odds(0.5) },
      { id: 'old', probabilities: odds(0.7), waited: 1 },
    ];
    expect(chooseQuestions(waiting, 1, { explore: 0 })[0]?.id).toBe('old');
  });

  it('hold some drawn at random, never more than the budget or what there is, and the same for the same seed', () => {
    const candidates = Array.from({ length: 300 }, (_, i) => ({ id: `q-${i}`, probabilities: odds(i / 299) }));
    const chosen = chooseQuestions(candidates, 100, { seed: 3 });
    const drawn = chosen.filter(({ why }) => why === 'drawn').length;
    expect(drawn).toBeGreaterThan(2);
    expect(drawn).toBeLessThan(25);
    expect(chooseQuestions(candidates, 100, { seed: 3 })).toEqual(chosen);
    expect(new Set(chosen.map(({ id }) => id)).size).toBe(100);
    expect(chooseQuestions(candidates.slice(0, 3), 10)).toHaveLength(3);
    expect(chooseQuestions(candidates, 0)).toEqual([]);
  });
});

it('uncertainty is 0 when sure, 1 when nothing is known', () => {
  expect(uncertainty({ a: 1 })).toBe(0);
  expect(uncertainty({})).toBe(1);
  expect(uncertainty({ a: 0.5, b: 0.5 })).toBe(1);
});
