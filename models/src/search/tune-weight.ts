// How much meaning should count against words, learnt from a collection alone: nobody's judgements are needed.
// The one thing to know: the even weight stays unless it is clearly worse on the collection's own questions. Authors repeat their own words, so
// such questions flatter the words; they can tell a half that is of no use here, not which of two good halves is a little better.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { DEFAULT_WEIGHT, HybridIndex, type SearchDocument } from './hybrid-index.js';
import { knownItems } from './known-items.js';
import { titledPassages } from './passages.js';

export interface TuneOptions {
  /** Default 1. */
  seed?: number;
  /** Questions asked at most. Default 100. Each costs two or three texts to encode. */
  questions?: number;
  /** Documents they are searched among, at most. Default 2,000. */
  among?: number;
}

export interface TunedWeight {
  /** Share of meaning, 0.2 … 0.8. */
  weight: number;
  /** Questions that were asked. */
  questions: number;
  /** Mean reciprocal rank (first ten) of the known document, at each weight tried; 0 is words alone, 1 is meaning alone. */
  tried: { weight: number; mrr: number }[];
}

const WEIGHTS = [0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1];
/** Below this the questions cannot tell weights apart. */
const FEWEST = 30;
/** Standard errors, and share of the best, by which a weight must be behind to be clearly worse. */
const SURE = 2;
const CLEAR = 0.1;

/**
 * @param documents with their vectors
 * @param encode unit vectors of texts
 */
export async function tuneWeight(
  documents: readonly SearchDocument[],
  encode: (texts: readonly string[]) => Promise<readonly Float32Array[]>,
  { seed = 1, questions = 100, among = 2000 }: TuneOptions = {},
): Promise<TunedWeight> {
  const embedded = documents.filter(({ vectors }) => vectors?.length);
  const items = knownItems(embedded, questions, seed);
  if (items.length < FEWEST) return { weight: DEFAULT_WEIGHT, questions: 0, tried: [] };
  const asked = await encode(items.map(({ question }) => question));
  const pieces = items.map(({ text }) => titledPassages('', text).slice(0, 4));
  const vectors = await encode(pieces.flat());
  const index = new HybridIndex({ dimensions: asked[0]!.length });
  let at = 0;
  for (const [i, { id, text }] of items.entries()) {
    const from = at;
    at += pieces[i]!.length;
    index.add({ id, text, vectors: vectors.slice(from, at) });
  }
  const own = new Set(items.map(({ id }) => id));
  for (const i of shuffledIndices(embedded.length, seededRandom(seed + 2))) {
    if (index.size >= among) break;
    if (!own.has(embedded[i]!.id)) index.add(embedded[i]!);
  }
  const ranks = WEIGHTS.map((weight) =>
    items.map(({ id, question }, i) => {
      const hits = index.search({ text: question, vector: asked[i]! }, { weight });
      const place = hits.findIndex((hit) => hit.id === id);
      return place < 0 ? 0 : 1 / (place + 1);
    }),
  );
  return {
    weight: chooseWeight(WEIGHTS, ranks),
    questions: items.length,
    tried: WEIGHTS.map((weight, w) => ({ weight, mrr: mean(ranks[w]!) })),
  };
}

/**
 * Of the weights that are not clearly worse than the best, the one nearest to the even weight. Neither half is ever switched off.
 * @param figures of each weight, one a question
 */
export function chooseWeight(weights: readonly number[], figures: readonly (readonly number[])[]): number {
  const open = weights.flatMap((weight, w) => (weight > 0 && weight < 1 ? [{ weight, rows: figures[w]! }] : []));
  const best = open.reduce((a, b) => (mean(b.rows) > mean(a.rows) ? b : a));
  const near = open.filter(({ rows }) => {
    const differences = best.rows.map((figure, i) => figure - rows[i]!);
    const gap = mean(differences);
    const error = Math.sqrt(mean(differences.map((d) => (d - gap) ** 2)) / differences.length);
    return gap <= Math.max(SURE * error, CLEAR * mean(best.rows));
  });
  const distance = ({ weight }: { weight: number }) => Math.abs(weight - DEFAULT_WEIGHT);
  return near.reduce((a, b) => (distance(b) < distance(a) - 1e-9 ? b : a)).weight;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / (values.length || 1);
