import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { cluster, cohesion, discover } from './index.js';

const DIMENSIONS = 48;
const random = seededRandom(3);

function unit(values: number[]): Float32Array {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (v) => v / length);
}
const noise = () => unit(Array.from({ length: DIMENSIONS }, () => random() - 0.5));
/** A vector near an axis: about 0.7 cosine with others of the same one. */
const near = (axis: number) =>
  unit(Array.from({ length: DIMENSIONS }, (_, i) => (i === axis ? 1.6 : 0) + (random() - 0.5) * 0.5));

const masters = [0, 1, 2].map((axis) => ({
  name: `master-${axis}`,
  vectors: Array.from({ length: 10 }, () => near(axis)),
}));

describe('work that nobody owns', () => {
  it('is found as groups among noise, named from its words in their order, with the most typical task first', () => {
    const texts: string[] = [];
    const vectors: Float32Array[] = [];
    for (let i = 0; i < 12; i++) {
      texts.push(
        `Renew the parking permit of car ${i}`,
        `Order lunch catering for meeting ${i}`,
        `Odd question number ${i}`,
      );
      vectors.push(near(10), near(11), noise());
    }
    const proposals = discover({ texts, vectors, masters });
    expect(proposals.map((p) => [p.kind, p.members.length])).toEqual([
      ['new-master', 12],
      ['new-master', 12],
    ]);
    expect(proposals.map((p) => p.words.includes('parking') || p.words.includes('lunch'))).toEqual([true, true]);
    const parking = proposals.find((p) => p.words.includes('parking'));
    expect(parking?.members.every((i) => texts[i]?.includes('parking'))).toBe(true);
    expect(parking?.description).toContain('parking');
  });

  it('is more work for a master when it is as near to that master as its own tasks are to each other', () => {
    const texts = Array.from({ length: 10 }, (_, i) => `rotate key ${i}`);
    const [proposal] = discover({ texts, vectors: texts.map(() => near(1)), masters });
    expect(proposal).toMatchObject({ kind: 'extend-master', name: 'master-1' });
  });

  it('is not made up: noise alone, or too few tasks, give no proposal', () => {
    const texts = Array.from({ length: 60 }, (_, i) => `question ${i}`);
    expect(discover({ texts, vectors: texts.map(() => noise()), masters })).toEqual([]);
    const few = ['a b', 'a c', 'a d'];
    expect(discover({ texts: few, vectors: few.map(() => near(9)), masters })).toEqual([]);
  });
});

describe('clusters', () => {
  it('join what is alike on average, not by a chain of neighbours', () => {
    // Each is near the next, the ends are far apart: single linkage would make one group.
    const chain = Array.from({ length: 9 }, (_, i) => unit([Math.cos(i * 0.35), Math.sin(i * 0.35)]));
    const groups = cluster(chain, 0.8);
    expect(groups.length).toBeGreaterThan(1);
    for (const group of groups) expect(cohesion(group.map((i) => chain[i] as Float32Array))).toBeGreaterThan(0.75);
  });

  it('measure cohesion as the mean cosine of all pairs', () => {
    expect(cohesion([unit([1, 0]), unit([0, 1])])).toBeCloseTo(0, 6);
    expect(cohesion([unit([1, 0]), unit([1, 0]), unit([0, 1])])).toBeCloseTo(1 / 3, 6);
  });
});
