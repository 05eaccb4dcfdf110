import { describe, expect, it } from 'vitest';
import { auroc, mean, seededRandom } from '../metrics/index.js';
import { fitScope, priorScope, type ScopeExample, scopeOdds } from './index.js';

const random = seededRandom(21);

/** Insiders have surer odds and nearer neighbours, on average only. */
function draw(inside: boolean): ScopeExample {
  const top = Math.min(0.99, (inside ? 0.6 : 0.4) + random() * 0.4);
  const near = (inside ? 0.6 : 0.4) + (random() - 0.5) * 0.4;
  return { odds: [top, (1 - top) * 0.7, (1 - top) * 0.3], signals: [near] };
}

describe('the scope', () => {
  const many = (count: number, inside: boolean) => Array.from({ length: count }, () => draw(inside));
  it('tells outsiders better than the best odds alone do', async () => {
    const model = await fitScope(['nearest cosine'], many(2000, true), many(60, false), 'given', 0.05);
    const fresh = [...many(500, true), ...many(500, false)];
    const inside = fresh.map((_, i) => i < 500);
    const together = auroc(
      fresh.map((example) => scopeOdds(model, example)),
      inside,
    );
    const alone = auroc(
      fresh.map(({ odds }) => odds[0]!),
      inside,
    );
    expect(together).toBeGreaterThan(alone + 0.03);
  });
  it('states probabilities for the share of outsiders to expect, however many it was shown', async () => {
    for (const share of [0.05, 0.3]) {
      const model = await fitScope(['nearest cosine'], many(1000, true), many(500, false), 'given', share);
      const stream = Array.from({ length: 4000 }, () => draw(random() >= share));
      expect(mean(stream.map((example) => scopeOdds(model, example)))).toBeCloseTo(1 - share, 1);
    }
  });
  it('goes by how near the nearest past task is when there is nothing to learn from', async () => {
    const model = await fitScope(['nearest cosine'], [], [], 'given', 0.05);
    expect(model.outsiders).toBe('none');
    expect(scopeOdds(model, { odds: [0.9, 0.1], signals: [0.95] })).toBeGreaterThan(0.95);
    expect(scopeOdds(model, { odds: [0.9, 0.1], signals: [0.1] })).toBeLessThan(0.05);
    expect(scopeOdds(priorScope([], 0.2), { odds: [1], signals: [] })).toBeCloseTo(0.8);
  });
});
