// Now and then another candidate is tried, so that later comparisons of policies stand on more than the present policy's taste.
// Sources: epsilon-greedy (Sutton & Barto ch. 2); Thompson 1933. The one thing to know: the answer is a draw from stated odds, and the
// logged propensity is exactly the chance of that draw; the draw is seeded by the task id, so asking again gives the same answer.
import { seededRandom } from '../metrics/index.js';

export interface ExplorationCandidate {
  master: string;
  /** Predicted chance of success; used by `thompson`. Default 0.5. */
  success?: number | undefined;
  /** Rows' worth of evidence behind it; used by `thompson`. Default 0: anything is possible. */
  rows?: number | undefined;
}

export interface ExplorationOptions {
  /** `epsilon`: any candidate with equal chance. `thompson`: by the chance of being the best, given the evidence. Default epsilon. */
  method?: 'epsilon' | 'thompson';
  /** Share of tasks that are drawn instead of going to the chosen master. Default 0.02. */
  share?: number;
}

export interface Exploration {
  master: string;
  /** Chance with which this very master was drawn. */
  propensity: number;
  /** True when it is not the chosen master. */
  explored: boolean;
  /** The same chance for every candidate; sums to 1. */
  propensities: Record<string, number>;
}

const DRAWS = 256;

/**
 * @param chosen the master that the decision rule picked; has to be among the candidates.
 * @throws RangeError for a share outside 0 … 1, or when `chosen` is no candidate.
 */
export function explore(
  taskId: string,
  chosen: string,
  candidates: readonly ExplorationCandidate[],
  options: ExplorationOptions = {},
): Exploration {
  const { method = 'epsilon', share = 0.02 } = options;
  if (!(share >= 0 && share <= 1)) throw new RangeError(`Exploration share is ${share}: give 0 to 1.`);
  if (!candidates.some((c) => c.master === chosen)) throw new RangeError(`"${chosen}" is not among the candidates.`);
  const random = seededRandom(seedOf(taskId));
  const drawn = method === 'thompson' ? chanceOfBest(candidates, random) : candidates.map(() => 1 / candidates.length);
  const odds = candidates.map((c, i) => share * drawn[i]! + (c.master === chosen ? 1 - share : 0));
  const point = random();
  let below = 0;
  let pick = candidates.findIndex((c) => c.master === chosen);
  for (let i = 0; i < candidates.length; i++) {
    below += odds[i]!;
    if (point < below) {
      pick = i;
      break;
    }
  }
  const { master } = candidates[pick]!;
  return {
    master,
    propensity: odds[pick]!,
    explored: master !== chosen,
    propensities: Object.fromEntries(candidates.map((c, i) => [c.master, odds[i]!])),
  };
}

/** Share of draws from each candidate's Beta belief in which it comes out on top. */
function chanceOfBest(candidates: readonly ExplorationCandidate[], random: () => number): number[] {
  const wins = candidates.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw++) {
    let best = 0;
    let most = -1;
    candidates.forEach(({ success = 0.5, rows = 0 }, i) => {
      const value = drawBeta(1 + success * rows, 1 + (1 - success) * rows, random);
      if (value > most) {
        most = value;
        best = i;
      }
    });
    wins[best]!++;
  }
  return wins.map((n) => n / DRAWS);
}

function drawBeta(a: number, b: number, random: () => number): number {
  const x = drawGamma(a, random);
  return x / (x + drawGamma(b, random));
}

/** Marsaglia & Tsang 2000, for shapes of at least 1. */
function drawGamma(shape: number, random: () => number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** FNV-1a over the id. */
function seedOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
