import type { RouteAnswer, Task } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { makeDecision } from './decision.js';

const answer: RouteAnswer = {
  probabilities: { a: 0.6, b: 0.3, c: 0.1 },
  confidence: 0.6,
  candidates: ['a', 'b'],
  scope: 1,
  abstain: false,
  experts: [],
  models: {},
  explanation: [],
};
const weights = { success: 0, time: 0, tokens: 0, cost: 0, load: 0, priority: 0 };

function decide(id: string, exploreShare: number, priority: Task['priority'] = 'medium', candidates = ['a', 'b']) {
  return makeDecision({
    task: { id, text: 'x', priority },
    masters: ['a', 'b', 'c'],
    answer: { ...answer, candidates },
    weights,
    exploreShare,
    unsure: 'best',
    latencyMs: 1,
    now: new Date(0),
  });
}

describe('exploration', () => {
  it('is off by default: the best master, with certainty', () => {
    expect(decide('t', 0)).toMatchObject({ master: 'a', method: 'ensemble', propensity: 1 });
  });

  it('gives others of the conformal set their share, and writes down the chance with which each was drawn', () => {
    const decisions = Array.from({ length: 4_000 }, (_, i) => decide(`t-${i}`, 0.2));
    const drawn = decisions.filter((d) => d.method === 'explore');
    // Half of a fifth: drawing may also give the best one.
    expect(drawn.length / decisions.length).toBeGreaterThan(0.08);
    expect(drawn.length / decisions.length).toBeLessThan(0.12);
    expect(new Set(drawn.map((d) => d.master))).toEqual(new Set(['b']));
    for (const d of decisions) expect(d.propensity).toBeCloseTo(d.master === 'a' ? 0.9 : 0.1, 12);
    expect(drawn[0]).toMatchObject({ confidence: 0.3 });
    expect(drawn[0]?.explanation.join()).toMatch(/instead of a/);
  });

  it('decides the same task the same way again, and leaves critical tasks and sure ones alone', () => {
    for (let i = 0; i < 200; i++) expect(decide(`t-${i}`, 0.5).master).toBe(decide(`t-${i}`, 0.5).master);
    for (let i = 0; i < 200; i++) {
      expect(decide(`t-${i}`, 0.5, 'critical').method).toBe('ensemble');
      expect(decide(`t-${i}`, 0.5, 'low', ['a']).propensity).toBe(1);
    }
  });
});
