// Tasks and an encoder for tests: made from word lists and a seed, so that every run sees the same.
// The one thing to know: the encoder is a bag of words under a random projection: cosine means words in common, nothing more.
import type { Encoder } from '../encoder/index.js';
import { foldText, wordHash, wordSpans } from '../experts/lexical/index.js';
import { seededRandom } from '../metrics/index.js';
import type { TrainingRow } from './types.js';

const TOPICS: Record<string, string[]> = {
  security: ['vulnerability', 'scan', 'cve', 'secret', 'firewall', 'breach', 'audit', 'token', 'exploit', 'patch'],
  inventory: ['repository', 'catalog', 'owner', 'stale', 'archive', 'list', 'asset', 'tag', 'register', 'count'],
  development: ['feature', 'refactor', 'function', 'bug', 'implement', 'unit', 'class', 'compile', 'library', 'merge'],
  cicd: ['pipeline', 'deploy', 'build', 'release', 'runner', 'artifact', 'stage', 'workflow', 'container', 'rollback'],
};
const STRANGE = ['recipe', 'weather', 'football', 'holiday', 'violin', 'garden', 'movie', 'salad', 'tennis', 'poem'];
const COMMON = [
  'please',
  'the',
  'for',
  'our',
  'new',
  'today',
  'service',
  'team',
  'check',
  'with',
  'and',
  'need',
  'now',
];

export interface MadeRows {
  /** Rows of each label; a label left out has none. */
  counts: Record<string, number>;
  /** Rows that no master fits. Default 0. */
  outsiders?: number;
  seed: number;
  /** Share of a row's words that come from its topic. Default 0.5. */
  clarity?: number;
}

export function makeRows({ counts, outsiders = 0, seed, clarity = 0.5 }: MadeRows): TrainingRow[] {
  const random = seededRandom(seed);
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)]!;
  const text = (words: readonly string[]) =>
    Array.from({ length: 6 + Math.floor(random() * 6) }, () => pick(random() < clarity ? words : COMMON)).join(' ');
  const rows: TrainingRow[] = [];
  for (const [label, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) rows.push({ text: text(TOPICS[label] ?? topicOf(label)), label });
  }
  for (let i = 0; i < outsiders; i++) rows.push({ text: text(STRANGE), label: null });
  return rows;
}

/** Ten made-up words of a label that has no list of its own. */
function topicOf(label: string): string[] {
  return Array.from({ length: 10 }, (_, i) => `${label}word${i}`);
}

export function wordEncoder(dimensions = 64): Encoder & { calls: number } {
  const known = new Map<number, Float32Array>();
  const direction = (hash: number) => {
    const random = seededRandom(hash);
    const vector = known.get(hash) ?? Float32Array.from({ length: dimensions }, () => random() - 0.5);
    known.set(hash, vector);
    return vector;
  };
  const one = (text: string) => {
    const folded = foldText(text);
    const spans = wordSpans(folded);
    const sum = new Float32Array(dimensions);
    sum[0] = 1e-3;
    for (let s = 0; s < spans.length; s += 2) {
      const vector = direction(wordHash(folded, spans[s]!, spans[s + 1]!));
      for (let i = 0; i < dimensions; i++) sum[i]! += vector[i]!;
    }
    const length = Math.hypot(...sum);
    return sum.map((value) => value / length);
  };
  const encoder = {
    id: `words-${dimensions}`,
    dimensions,
    calls: 0,
    encode: async (texts: readonly string[]) => {
      encoder.calls++;
      return texts.map(one);
    },
    close: async () => {},
  };
  return encoder;
}
