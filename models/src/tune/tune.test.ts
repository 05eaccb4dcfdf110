import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { checkSpace, fromUnit, type Params, type SearchSpace, toUnit } from './space.js';
import { worthGoingOn } from './stopping.js';
import { propose, type Tried } from './tpe.js';

const SPACE: SearchSpace = {
  rate: { low: 1e-5, high: 1, scale: 'log' },
  dropout: { low: 0, high: 0.8 },
  smoothing: { low: 0, high: 0.3 },
  width: { low: 8, high: 512, scale: 'log', whole: true },
};
/** Least at one place, with a bent valley: the rate that is best depends on the width. */
const loss = ({ rate = 0, dropout = 0, smoothing = 0, width = 0 }: Params) =>
  (Math.log10(rate) + 3 + (Math.log2(width) - 6) / 3) ** 2 +
  8 * (dropout - 0.3) ** 2 +
  20 * (smoothing - 0.05) ** 2 +
  0.1 * (Math.log2(width) - 7) ** 2;

function search(trials: number, seed: number, next: (tried: Tried[], random: () => number) => Params): number {
  const random = seededRandom(seed);
  const tried: Tried[] = [];
  for (let i = 0; i < trials; i++) {
    const params = next(tried, random);
    tried.push({ params, state: 'done', value: loss(params) });
  }
  return Math.min(...tried.map((t) => t.value as number));
}
const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
const SEEDS = Array.from({ length: 21 }, (_, i) => i + 1);

describe('where to look next', () => {
  it('finds in 40 trials what chance does not find in 120', () => {
    const tpe = SEEDS.map((seed) => search(40, seed, (tried, random) => propose(SPACE, tried, random)));
    const chance = SEEDS.map((seed) => search(120, seed, (_tried, random) => propose(SPACE, [], random)));
    console.log(
      `median of ${SEEDS.length}: TPE, 40 trials ${median(tpe).toFixed(4)}; chance, 120 ${median(chance).toFixed(4)}`,
    );
    expect(median(tpe)).toBeLessThan(median(chance));
  });

  it('proposes the same for the same history and seed, and stays inside the space', () => {
    const tried: Tried[] = SEEDS.map((seed) => {
      const params = propose(SPACE, [], seededRandom(seed));
      return { params, state: 'done', value: loss(params) };
    });
    for (const seed of SEEDS) {
      const params = propose(SPACE, tried, seededRandom(seed));
      expect(params).toEqual(propose(SPACE, tried, seededRandom(seed)));
      for (const [name, { low, high }] of Object.entries(SPACE)) {
        expect(params[name]).toBeGreaterThanOrEqual(low * 0.999999);
        expect(params[name]).toBeLessThanOrEqual(high * 1.000001);
      }
      expect(Number.isInteger(params.width)).toBe(true);
    }
  });

  it('keeps away from what others are trying at this moment', () => {
    const tried: Tried[] = SEEDS.map((seed) => {
      const params = propose(SPACE, [], seededRandom(seed));
      return { params, state: 'done', value: loss(params) };
    });
    const best = [...tried].sort((a, b) => (a.value as number) - (b.value as number))[0] as Tried;
    const busy: Tried[] = Array.from({ length: 12 }, () => ({ params: best.params, state: 'pending' }));
    const distance = (params: Params) =>
      Math.hypot(...toUnit(SPACE, params).map((u, d) => u - (toUnit(SPACE, best.params)[d] as number)));
    const free = SEEDS.map((seed) => distance(propose(SPACE, tried, seededRandom(seed))));
    const kept = SEEDS.map((seed) => distance(propose(SPACE, [...tried, ...busy], seededRandom(seed))));
    expect(median(kept)).toBeGreaterThan(median(free));
  });

  it('learns nothing from a trial that failed or gave no number, and does not stumble over it', () => {
    const odd: Tried[] = SEEDS.map((seed) => ({
      params: propose(SPACE, [], seededRandom(seed)),
      state: seed % 2 ? 'failed' : 'done',
      ...(seed % 2 ? {} : { value: Number.NaN }),
    }));
    expect(Object.values(propose(SPACE, odd, seededRandom(1))).every(Number.isFinite)).toBe(true);
  });

  it('there and back is the same place', () => {
    const params = { rate: 0.003, dropout: 0.4, smoothing: 0.1, width: 64 };
    const back = fromUnit(SPACE, toUnit(SPACE, params));
    for (const [name, value] of Object.entries(params)) expect(back[name]).toBeCloseTo(value, 9);
  });

  it('names the dimension that cannot be searched', () => {
    expect(() => checkSpace({ rate: { low: 0, high: 1, scale: 'log' } })).toThrow(/^rate: low \(0\) must be above 0/);
    expect(() => checkSpace({ dropout: { low: 1, high: 1 } })).toThrow(/^dropout: low \(1\) must be below high/);
  });
});

describe('which trials go on', () => {
  const others = [
    [5, 4],
    [5, 3],
    [5, 2],
    [5, 1],
    [6, 6],
    [7, 7],
  ];
  it('the best third at a rung goes on, the rest stops', () => {
    expect(worthGoingOn([5, 1.5], others)).toBe(true);
    expect(worthGoingOn([5, 4.5], others)).toBe(false);
  });
  it('nobody is stopped between rungs, nor while there is nothing to compare with', () => {
    expect(worthGoingOn([9], others)).toBe(true);
    expect(worthGoingOn([9, 9, 9], [...others, [1, 1, 1]])).toBe(true);
    expect(worthGoingOn([9, 9], [[1, 1]])).toBe(true);
  });
  it('a loss that is no number is never worth going on with', () => {
    expect(worthGoingOn([Number.NaN], [])).toBe(false);
  });
  it('what others reached later does not count against a trial now', () => {
    expect(
      worthGoingOn(
        [5, 4],
        [
          [9, 9, 1],
          [9, 9, 1],
          [9, 9, 1],
        ],
      ),
    ).toBe(true);
  });
});
