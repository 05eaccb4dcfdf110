import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { expectedAccuracy, type JudgedConfidence } from './expected.js';

/** Decisions of a model whose chance of being right is `worth(confidence)`. */
function decisions(
  seed: number,
  count: number,
  { least = 0.6, worth = (c: number) => c }: { least?: number; worth?: (confidence: number) => number } = {},
): JudgedConfidence[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const confidence = least + (1 - least) * random();
    return { confidence, right: random() < worth(confidence) };
  });
}
const confidences = (rows: readonly JudgedConfidence[]) => rows.map(({ confidence }) => confidence);
const share = (rows: readonly JudgedConfidence[]) => rows.filter(({ right }) => right).length / rows.length;

describe('how often a model will be right, before anybody has judged it', () => {
  it('is told within five points when tasks become harder, though no result of theirs is known', () => {
    for (let seed = 0; seed < 20; seed++) {
      const known = decisions(seed, 2_000);
      const harder = decisions(1_000 + seed, 500, { least: 0.25 });
      const told = expectedAccuracy(known, confidences(known.slice(0, 500)), confidences(harder));
      expect(told?.fell).toBe(true);
      expect(Math.abs((told?.before ?? 0) - 0.8)).toBeLessThan(0.05);
      // 0.625 by construction: what these will turn out to be, but for their own luck.
      expect(Math.abs((told?.now ?? 0) - 0.625)).toBeLessThan(0.05);
    }
  });

  it('does not believe a model that is surer than it is right', () => {
    const worth = (confidence: number) => confidence - 0.25;
    const known = decisions(3, 1_000, { worth });
    const lately = decisions(4, 2_000, { worth });
    const told = expectedAccuracy(known, confidences(known), confidences(lately));
    expect(Math.abs((told?.now ?? 0) - share(lately))).toBeLessThan(0.04);
    expect(told?.fell).toBe(false);
  });

  it('sees no fall where there is none, in 200 looks', () => {
    let fell = 0;
    for (let seed = 0; seed < 200; seed++) {
      const known = decisions(seed, 300);
      const told = expectedAccuracy(known, confidences(known), confidences(decisions(9_000 + seed, 300)), {
        leastFall: 0,
      });
      if (told?.fell) fell++;
    }
    expect(fell).toBeLessThanOrEqual(2);
  });

  it('is not told from a handful of results', () => {
    expect(expectedAccuracy(decisions(1, 99), [0.5, 0.6], [0.5, 0.6])).toBeUndefined();
  });
});
