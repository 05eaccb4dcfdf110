import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import type { Prediction } from '../prediction/index.js';
import { chooseByUtility, explore, pickAtPrice, policyChances, trainPolicy, ZERO_WEIGHTS } from './index.js';

function prediction(p: number, minutes = 10, no_idea = false): Prediction {
  const evidence = { similar: 3, similar_of_master: 2, master_rows: 40, nearest: 0.8 };
  return { success: { p, base_rate: 0.7, evidence, no_idea }, minutes: { p50: minutes, p90: 2 * minutes } };
}

describe('decision rule', () => {
  it('is exactly the highest odds when all weights are zero, whatever was predicted', () => {
    const random = seededRandom(1);
    for (let round = 0; round < 500; round++) {
      const candidates = Array.from({ length: 2 + Math.floor(random() * 6) }, (_, i) => ({
        master: `m${i}`,
        odds: Math.floor(random() * 5) / 5,
        prediction: prediction(random(), random() * 1000),
        load: random(),
        cost_usd: random() * 100,
      }));
      const first = candidates.reduce((a, b) => (b.odds > a.odds ? b : a));
      expect(chooseByUtility(candidates, { weights: ZERO_WEIGHTS, priority: 'critical' }).master).toBe(first.master);
    }
  });

  it('prefers the likelier success among masters that may both be right, and says so in words', () => {
    const choice = chooseByUtility([
      { master: 'a', odds: 0.5, prediction: prediction(0.3) },
      { master: 'b', odds: 0.48, prediction: prediction(0.9) },
    ]);
    expect(choice.master).toBe('b');
    expect(choice.explanation[0]).toContain('succeeds with 90 % (usually 70 %; 40 past tasks, 2 like this)');
    expect(choice.explanation[1]).toMatch(/^before a .*success \+0\.141/);
    for (const { utility, terms } of choice.ranked) {
      expect(terms.reduce((sum, term) => sum + term.value, 0)).toBeCloseTo(utility, 12);
    }
  });

  it('gives an urgent task to the idle master and an idle hour’s task to the better one', () => {
    const candidates = [
      { master: 'better', odds: 0.5, load: 1 },
      { master: 'idle', odds: 0.4, load: 0 },
    ];
    expect(chooseByUtility(candidates, { priority: 'critical' }).master).toBe('idle');
    expect(chooseByUtility(candidates, { priority: 'low' }).master).toBe('better');
  });

  it('never sends a task to a master that is almost surely wrong because it is quick', () => {
    const candidates = [
      { master: 'right', odds: 0.95, prediction: prediction(0.2, 6000) },
      { master: 'wrong', odds: 0.02, prediction: prediction(0.99, 1) },
    ];
    expect(chooseByUtility(candidates).master).toBe('right');
  });

  it('says when nothing is known of a success', () => {
    const choice = chooseByUtility([{ master: 'new', odds: 1, prediction: prediction(0.7, 10, true) }]);
    expect(choice.explanation[0]).toContain('nothing known of its success');
  });

  it('refuses no candidates and negative weights', () => {
    expect(() => chooseByUtility([])).toThrow(RangeError);
    expect(() => chooseByUtility([{ master: 'a', odds: 1 }], { weights: { load: -1 } })).toThrow(/"load" is -1/);
  });
});

describe('exploration', () => {
  const candidates = [
    { master: 'a', success: 0.6, rows: 400 },
    { master: 'b', success: 0.55, rows: 4 },
    { master: 'c', success: 0.1, rows: 400 },
  ];

  it.each(['epsilon', 'thompson'] as const)('draws as often as the logged propensity says (%s)', (method) => {
    const drawn = new Map<string, number>();
    const stated = new Map<string, number>();
    for (let i = 0; i < 1500; i++) {
      const { master, propensities, propensity } = explore(`task-${i}`, 'a', candidates, { method, share: 0.5 });
      expect(propensity).toBe(propensities[master]);
      drawn.set(master, (drawn.get(master) ?? 0) + 1);
      for (const [name, p] of Object.entries(propensities)) stated.set(name, (stated.get(name) ?? 0) + p);
    }
    for (const { master } of candidates) {
      expect(Math.abs((drawn.get(master) ?? 0) - stated.get(master)!) / 1500).toBeLessThan(0.04);
    }
  });

  it('tries the little known before the surely worse by Thompson’s rule', () => {
    const { propensities } = explore('t', 'a', candidates, { method: 'thompson', share: 1 });
    expect(propensities.b).toBeGreaterThan(0.2);
    expect(propensities.c).toBe(0);
  });

  it('answers the same for the same task, and the chosen one when the share is 0', () => {
    expect(explore('t-9', 'b', candidates, { share: 0.9 })).toEqual(explore('t-9', 'b', candidates, { share: 0.9 }));
    expect(explore('t-9', 'b', candidates, { share: 0 })).toMatchObject({
      master: 'b',
      propensity: 1,
      explored: false,
    });
  });
});

describe('learned policy', () => {
  it('sends the hard tasks to the dear master and the easy ones to the cheap', async () => {
    const random = seededRandom(2);
    const rows = Array.from({ length: 400 }, (_, i) => {
      const hard = random() < 0.5;
      const text = hard ? `prove the theorem of lemma ${i}` : `say hello to guest ${i}`;
      return { text, scores: { cheap: hard ? 0 : 1, dear: random() < 0.95 ? 1 : 0 }, costs: { cheap: 1, dear: 20 } };
    });
    const policy = await trainPolicy(rows, ['cheap', 'dear']);
    const [hard, easy] = await policyChances(policy, [
      { text: 'prove the theorem of lemma 7' },
      { text: 'say hello to guest 7' },
    ]);
    expect(policy.masters[pickAtPrice(policy, hard!)]).toBe('dear');
    expect(policy.masters[pickAtPrice(policy, easy!)]).toBe('cheap');
  });
});
