// Where to look next: the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter
// Optimization, NIPS 2011), with kernels over all dimensions together (Falkner, Klein, Hutter: BOHB, ICML 2018).
// The one thing to know: good trials and the rest each get a density, and the next trial is where the first is highest against the second.
import { fromUnit, type Params, type SearchSpace, toUnit } from './space.js';

export interface Tried {
  readonly params: Params;
  /** `pending`: under way somewhere; counts as bad, so that two trainers do not try the same. */
  readonly state: 'pending' | 'done' | 'stopped' | 'failed';
  /** The lower the better; of a stopped trial, the least it reached. */
  readonly value?: number;
}

export interface TpeOptions {
  /** Trials at random before the densities mean anything. Default 8. */
  readonly atRandom?: number;
  /** Share of the trials that counts as good. Default 0.15. */
  readonly good?: number;
  /** Points drawn, of which the best is taken. Default 32. */
  readonly candidates?: number;
}

/** @param random uniform in [0, 1). */
export function propose(
  space: SearchSpace,
  tried: readonly Tried[],
  random: () => number,
  { atRandom = 8, good = 0.15, candidates = 32 }: TpeOptions = {},
): Params {
  const dimensions = Object.keys(space).length;
  const anywhere = () => Array.from({ length: dimensions }, random);
  const told = tried.filter((t) => t.value !== undefined && Number.isFinite(t.value));
  if (told.length < atRandom) return fromUnit(space, anywhere());
  // What was stopped early was among the worst at that moment: it ranks behind all that went to their end.
  const rank = (t: Tried) => (t.state === 'stopped' ? 1 : 0);
  const ranked = [...told].sort((a, b) => rank(a) - rank(b) || (a.value as number) - (b.value as number));
  const count = Math.max(2, Math.ceil(good * ranked.length));
  const best = ranked.slice(0, count).map((t) => toUnit(space, t.params));
  const bad = [...ranked.slice(count), ...tried.filter((t) => !told.includes(t))].map((t) => toUnit(space, t.params));
  const l = density(best, dimensions);
  const g = density(bad, dimensions);
  let chosen = anywhere();
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < candidates; i++) {
    const point = l.draw(random);
    const score = l.logOf(point) - g.logOf(point);
    if (score > highest) [chosen, highest] = [point, score];
  }
  return fromUnit(space, chosen);
}

interface Density {
  logOf(point: readonly number[]): number;
  draw(random: () => number): number[];
}

/**
 * Width of a kernel, shrinking with the number of points by Scott's rule. Fixed, not measured: good trials that lie far apart must not
 * make the kernels so wide that nothing is learned from them.
 */
const WIDTH = 0.2;

/** A kernel a point, cut off at the borders, and one over everything, so that no place is ruled out. */
function density(points: readonly (readonly number[])[], dimensions: number): Density {
  const width = WIDTH * Math.max(1, points.length) ** (-1 / (dimensions + 4));
  const logOfKernel = (centre: readonly number[], point: readonly number[]) =>
    centre.reduce((sum, c, d) => {
      const inside = normal((1 - c) / width) - normal(-c / width);
      return sum - (((point[d] as number) - c) / width) ** 2 / 2 - Math.log(width * inside * Math.sqrt(2 * Math.PI));
    }, 0);
  return {
    logOf(point) {
      // The kernel over everything is the uniform density: its logarithm is 0.
      const logs = [0, ...points.map((centre) => logOfKernel(centre, point))];
      const top = Math.max(...logs);
      return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0) / logs.length);
    },
    draw(random) {
      const centre = points[Math.floor(random() * (points.length + 1))];
      if (!centre) return Array.from({ length: dimensions }, random);
      return centre.map((c) => {
        for (let tries = 0; tries < 50; tries++) {
          const value = c + width * gaussian(random);
          if (value >= 0 && value <= 1) return value;
        }
        return c;
      });
    },
  };
}

/** Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The normal distribution function, to 7 digits (Abramowitz and Stegun 26.2.17). */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
