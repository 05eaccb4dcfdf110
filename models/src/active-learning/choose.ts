// Which questions to put to people when not all can be put: the unsure ones, of a kind that comes often, and not the same one twice.
// The one thing to know: a share is drawn at random, or the labels would only ever tell about what the model finds hard.
import { seededRandom } from '../metrics/index.js';

export interface QuestionCandidate {
  readonly id: string;
  /** Odds of each answer as they stand; need not add up to 1. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** What the question is about, in words: tells how alike two questions are. */
  readonly text?: string;
  /** Share of its time that it has waited already, 0 to 1 and beyond: the longer, the more it counts. */
  readonly waited?: number;
  /** Whose questions should not be left behind, such as a source or a master. */
  readonly group?: string;
}

export interface ChooseOptions {
  /** Share of the questions drawn at random. Default 0.1. */
  readonly explore?: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface ChosenQuestion {
  readonly id: string;
  /** What its answer is expected to teach, 0 to about 1. */
  readonly value: number;
  readonly why: 'unsure' | 'drawn';
}

/** Beyond so many only a sample is compared with each other. */
const MOST_COMPARED = 400;

/**
 * Chooses at most `budget` questions. Uncertainty (1 − margin of the two best odds), times how typical a question is of the others
 * (information density, Settles & Craven 2008), times how unlike it is to those chosen already (maximal marginal relevance), raised by
 * waiting and by how seldom its group was chosen.
 */
export function chooseQuestions(
  candidates: readonly QuestionCandidate[],
  budget: number,
  { explore = 0.1, seed = 1 }: ChooseOptions = {},
): ChosenQuestion[] {
  const most = Math.min(Math.max(0, Math.floor(budget)), candidates.length);
  if (most === 0) return [];
  const random = seededRandom(seed);
  const words = candidates.map(({ text }) => wordsOf(text ?? ''));
  const typical = densities(words, random);
  const base = candidates.map((candidate, i) => uncertainty(candidate.probabilities) * (0.5 + 0.5 * (typical[i] ?? 0)));
  const nearest = new Float64Array(candidates.length);
  const left = new Set(candidates.keys());
  const ofGroup = new Map<string, number>();
  const chosen: ChosenQuestion[] = [];
  while (chosen.length < most) {
    const drawn = random() < explore;
    let best = -1;
    let value = -1;
    if (drawn) {
      best = [...left][Math.floor(random() * left.size)] as number;
      value = base[best] as number;
    } else {
      for (const i of left) {
        const candidate = candidates[i] as QuestionCandidate;
        const fair = 1 / (1 + (ofGroup.get(candidate.group ?? '') ?? 0) / Math.max(1, most));
        const worth = (base[i] as number) * (1 - (nearest[i] as number)) * (1 + (candidate.waited ?? 0)) * fair;
        if (worth > value) {
          value = worth;
          best = i;
        }
      }
    }
    left.delete(best);
    const { id, group = '' } = candidates[best] as QuestionCandidate;
    ofGroup.set(group, (ofGroup.get(group) ?? 0) + 1);
    chosen.push({ id, value, why: drawn ? 'drawn' : 'unsure' });
    const its = words[best] as ReadonlySet<string>;
    for (const i of left) nearest[i] = Math.max(nearest[i] as number, similarity(its, words[i] as ReadonlySet<string>));
  }
  return chosen;
}

/** 1 where the two best answers are equally likely, or nothing is known; 0 where one is certain. */
export function uncertainty(probabilities: Readonly<Record<string, number>>): number {
  let first = 0;
  let second = 0;
  let sum = 0;
  for (const p of Object.values(probabilities)) {
    if (!(p > 0)) continue;
    sum += p;
    if (p > first) [first, second] = [p, first];
    else if (p > second) second = p;
  }
  return sum > 0 ? 1 - (first - second) / Math.max(1, sum) : 1;
}

function densities(words: readonly ReadonlySet<string>[], random: () => number): number[] {
  const sample =
    words.length <= MOST_COMPARED
      ? words
      : Array.from({ length: MOST_COMPARED }, () => words[Math.floor(random() * words.length)] as ReadonlySet<string>);
  const means = words.map((own) => {
    let sum = 0;
    for (const other of sample) if (other !== own) sum += similarity(own, other);
    return sum / Math.max(1, sample.length - 1);
  });
  const highest = means.reduce((a, b) => Math.max(a, b), 0);
  return means.map((mean) => (highest > 0 ? mean / highest : 0));
}

/** Share of words in common (Jaccard). */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const word of small) if (large.has(word)) common++;
  return common / (a.size + b.size - common);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(
    text
      .slice(0, 2_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{3,}/gu) ?? [],
  );
}
