// Adapts a frozen encoder to pairs that belong together (a question and its answer, a docstring and its function, an issue and its fix), and
// says on pairs it never saw whether that helps. Only the question's side is changed: an index of documents stays as it is.
// The one thing to know: the held-out fifth decides; λ is chosen on another fifth, and what serves is then made of all pairs.
import { pairedDifference, seededRandom, shuffledIndices } from '../metrics/index.js';
import { applyMap, ridgeMap, sumsOf, type VectorPair } from './ridge.js';

export interface AdapterPair {
  /** Vector of the question, of length 1. */
  readonly query: Float32Array;
  /** Place of its document among the documents. */
  readonly document: number;
}

export interface Compared {
  readonly frozen: number;
  readonly adapted: number;
  /** 95 % interval of adapted minus frozen, paired by question. */
  readonly low: number;
  readonly high: number;
}

export interface AdapterReport {
  readonly pairs: number;
  readonly documents: number;
  /** Weight of leaving a vector as it is; null: no weight helped on the fifth that chooses. */
  readonly lambda: number | null;
  /** Questions that neither the map nor λ was made of. */
  readonly held_out: number;
  readonly mrr: Compared;
  readonly 'ndcg@10': Compared;
  /** Whether it may serve: both intervals lie above 0. */
  readonly better: boolean;
}

export interface FittedAdapter {
  /** Row-major, dimensions × dimensions. */
  readonly map: Float32Array;
  readonly report: AdapterReport;
}

const LAMBDAS = [0.3, 1, 3, 10, 30, 100, 300];
/** Fewer pairs can neither be learned from nor judged by. */
export const LEAST_PAIRS = 100;

/** There are too few pairs. */
export class AdapterDataError extends Error {
  override readonly name = 'AdapterDataError';
}

/**
 * @param documents vectors of length 1: those of the pairs, and others that must not be found
 * @throws AdapterDataError
 */
export function fitAdapter(
  pairs: readonly AdapterPair[],
  documents: readonly Float32Array[],
  { seed = 1 }: { seed?: number } = {},
): FittedAdapter {
  if (pairs.length < LEAST_PAIRS)
    throw new AdapterDataError(`${pairs.length} pairs are too few to learn from: ${LEAST_PAIRS} are the least`);
  const size = (documents[0] as Float32Array).length;
  const { learn, choose, hold } = split(pairs, seed);
  const vectors = (some: readonly AdapterPair[]): VectorPair[] =>
    some.map(({ query, document }) => ({ query, document: documents[document] as Float32Array }));
  const before = ranksOf(choose, documents);
  const sums = sumsOf(vectors(learn), size);
  let best: { lambda: number; mrr: number } | undefined;
  for (const lambda of LAMBDAS) {
    const mrr = mean(ranksOf(choose, documents, ridgeMap(sums, lambda)).map(reciprocal));
    if (mrr > (best?.mrr ?? mean(before.map(reciprocal)))) best = { lambda, mrr };
  }
  // Without a λ that helped, the one that changes least is still held against the frozen encoder, so that the report says how it stands.
  const lambda = best?.lambda ?? (LAMBDAS.at(-1) as number);
  const frozen = ranksOf(hold, documents);
  const adapted = ranksOf(hold, documents, ridgeMap(sumsOf(vectors([...learn, ...choose]), size), lambda));
  const compare = (figure: (rank: number) => number): Compared => {
    const [a, f] = [adapted.map(figure), frozen.map(figure)];
    return { frozen: mean(f), adapted: mean(a), ...pairedDifference(a, f, { seed }) };
  };
  const mrr = compare(reciprocal);
  const ndcg = compare((rank) => (rank <= 10 ? 1 / Math.log2(rank + 1) : 0));
  return {
    map: ridgeMap(sumsOf(vectors(pairs), size), lambda),
    report: {
      pairs: pairs.length,
      documents: documents.length,
      lambda: best?.lambda ?? null,
      held_out: hold.length,
      mrr,
      'ndcg@10': ndcg,
      better: best !== undefined && mrr.low > 0 && ndcg.low > 0,
    },
  };
}

/** Three fifths, one, one; questions of one document are in one part. */
function split(pairs: readonly AdapterPair[], seed: number) {
  const documents = [...new Set(pairs.map(({ document }) => document))];
  const order = shuffledIndices(documents.length, seededRandom(seed));
  const place = new Map(documents.map((document, i) => [document, (order[i] as number) / documents.length]));
  const part = (low: number, high: number) =>
    pairs.filter(({ document }) => {
      const at = place.get(document) as number;
      return at >= low && at < high;
    });
  return { learn: part(0, 0.6), choose: part(0.6, 0.8), hold: part(0.8, 1) };
}

/** Rank of each question's own document among all, from 1; ties count against it. */
function ranksOf(pairs: readonly AdapterPair[], documents: readonly Float32Array[], map?: Float32Array): number[] {
  return pairs.map(({ query, document }) => {
    const asked = map ? applyMap(map, query) : query;
    const own = dot(asked, documents[document] as Float32Array);
    let rank = 1;
    documents.forEach((other, i) => {
      if (i !== document && dot(asked, other) >= own) rank++;
    });
    return rank;
  });
}

const reciprocal = (rank: number) => 1 / rank;
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
