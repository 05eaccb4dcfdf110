import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { conformalSet, fitConformal, likeliestSet } from './index.js';

const random = seededRandom(12);
const LABELS = 4;

/** A row with odds of which the right label's is as large as the row is easy; label 3 is rare and hard. */
function draw() {
  const truth = random() < 0.05 ? 3 : Math.floor(random() * 3);
  const odds = Array.from({ length: LABELS }, () => random() * 0.3);
  odds[truth]! += truth === 3 ? random() * 0.3 : random() * 2;
  const sum = odds.reduce((a, b) => a + b, 0);
  return { truth, odds: odds.map((value) => value / sum) };
}

describe('conformal sets', () => {
  const past = Array.from({ length: 4000 }, draw);
  const fresh = Array.from({ length: 4000 }, draw);
  const truths = past.map(({ truth }) => truth);
  const ofTruth = past.map(({ odds, truth }) => odds[truth]!);
  const coverage = (rows: typeof fresh, thresholds: ReturnType<typeof fitConformal>) =>
    rows.filter(({ odds, truth }) => conformalSet(thresholds, odds).includes(truth)).length / rows.length;

  it('hold the right label at the rate asked for, on rows never seen', () => {
    for (const rate of [0.8, 0.9, 0.95]) {
      const thresholds = fitConformal(ofTruth, truths, LABELS, { rate });
      expect(coverage(fresh, thresholds)).toBeGreaterThan(rate - 0.02);
      expect(coverage(fresh, thresholds)).toBeLessThan(rate + 0.02);
    }
  });
  it('do not let a rare label pay for the common ones', () => {
    const rare = fresh.filter(({ truth }) => truth === 3);
    const floored = fitConformal(ofTruth, truths, LABELS, { floor: 0.75 });
    const bare = fitConformal(ofTruth, truths, LABELS, { floor: 0 });
    expect(coverage(rare, bare)).toBeLessThan(0.7);
    expect(coverage(rare, floored)).toBeGreaterThan(0.68);
    expect(coverage(fresh, floored)).toBeLessThan(0.92);
  });
  it('survive having next to nothing to learn from', () => {
    expect(conformalSet(fitConformal([], [], 2), [0.6, 0.4])).toEqual([0, 1]);
    expect(fitConformal([0.5], [0], 2).thresholds).toHaveLength(2);
  });
});

describe('the likeliest labels', () => {
  it('add up to the rate, likeliest first, and are never none', () => {
    expect(likeliestSet([0.05, 0.6, 0.35], 0.9)).toEqual([1, 2]);
    expect(likeliestSet([0.99, 0.01], 0.9)).toEqual([0]);
  });
});
