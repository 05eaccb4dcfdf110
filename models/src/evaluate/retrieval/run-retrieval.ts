// `cortex evaluate retrieval`: indexes a corpus and answers every query with the librarian's own search; only then are judgements looked at.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Encoder } from '../../encoder/index.js';
import { type Interval, pairedDifference, quantile, seededRandom, shuffledIndices } from '../../metrics/index.js';
import { type Hit, HybridIndex, type TunedWeight, titledPassages, tuneWeight } from '../../search/index.js';
import { type BadRow, EvaluateInputError } from '../outcomes/index.js';
import { type CorpusRow, type Judgements, readCorpus, readJudgements, readQueries } from './read-retrieval.js';
import { FIGURES, meanScores, type RankingScores, scoreRanking } from './scores.js';

export interface RunEvaluateRetrievalOptions {
  /** JSON lines `{"_id", "title"?, "text"}`, `.gz` or not. */
  corpus: string;
  /** JSON lines `{"_id", "text"}`. */
  queries: string;
  /** Tab-separated lines `query-id corpus-id score` with a header. */
  qrels: string;
  /** Writes one JSON row a query here: `{"query", "results": [{"id", "score"}]}`, best first. */
  predictions?: string | undefined;
  /** Default 1. */
  seed?: number;
  /** Without it words alone answer, and the document says so. */
  encoder?: Encoder | undefined;
  onProgress?: ((progress: { stage: string; share: number }) => void) | undefined;
}

interface Latency {
  p50: number;
  p99: number;
}

type WaysScores = RankingScores & { latency_ms: Latency };

export interface RetrievalDocument extends RankingScores {
  /** Of everything, the encoder included. */
  index_seconds: number;
  /** Of these, the encoder's. */
  encode_seconds: number;
  /** Of one query beyond the encoder. */
  latency_ms: Latency;
  /** What the figures above are of. */
  ranked_by: 'hybrid' | 'bm25';
  bm25: WaysScores;
  /** null without an encoder. */
  dense: WaysScores | null;
  /** Paired 95 % intervals of ours less the other's. */
  difference_to_bm25: Record<string, Interval> | null;
  difference_to_dense: Record<string, Interval> | null;
  /** How the share of meaning was found, without judgements. */
  fusion: TunedWeight | null;
  rows: { documents: number; queries: number; queries_judged: number };
  /** Judgements that name what is not there. */
  unknown: Judgements['unknown'];
  bad_rows: Record<'corpus' | 'queries' | 'qrels', { count: number; shown: BadRow[] }>;
  seed: number;
  encoder: string | null;
  /** What the reader must know of the figures; null for nothing. */
  note: string | null;
}

const MOST = 100;
const AT_ONCE = 256;
/** Documents that are encoded and added together. */
const TOGETHER = 1_000;
/** Documents that the weight is learnt from, at most. */
const TUNED_ON = 4_000;
/** Passages of one document that are encoded; what lies behind is found by words. */
const MOST_PASSAGES = 16;

/** @throws EvaluateInputError for a file that cannot be used */
export async function runEvaluateRetrieval(options: RunEvaluateRetrievalOptions): Promise<RetrievalDocument> {
  const { seed = 1, encoder, onProgress } = options;
  const stage = (name: string) => (share: number) => onProgress?.({ stage: name, share });
  stage('read')(0);
  const corpus = await readCorpus(options.corpus);
  const queries = await readQueries(options.queries);
  // Read before the long work only so that a bad file is said at once; nothing below hands it to what ranks.
  const judgements = await readJudgements(
    options.qrels,
    new Set(queries.rows.map(({ id }) => id)),
    new Set(corpus.rows.map(({ id }) => id)),
  );
  const built = await buildIndex(corpus.rows, encoder, seed, stage);
  const asked = await encodeAll(
    encoder,
    queries.rows.map(({ text }) => text),
    stage('encode queries'),
  );
  const answers = await answerAll(built.index, queries.rows, asked, Boolean(encoder), stage('search'));
  if (options.predictions) await writePredictions(options.predictions, queries.rows, answers.ours.hits);

  const judged = queries.rows.flatMap(({ id }, i) => (judgements.relevant.has(id) ? [i] : []));
  const score = (hits: Hit[][]) =>
    judged.map((i) =>
      scoreRanking(
        hits[i]!.map(({ id }) => id),
        judgements.relevant.get(queries.rows[i]!.id)!,
      ),
    );
  const ours = score(answers.ours.hits);
  const bm25 = score(answers.bm25.hits);
  const dense = answers.dense && score(answers.dense.hits);
  return {
    ...meanScores(ours),
    index_seconds: built.seconds,
    encode_seconds: built.encodeSeconds,
    latency_ms: latency(answers.ours.times),
    ranked_by: encoder ? 'hybrid' : 'bm25',
    bm25: { ...meanScores(bm25), latency_ms: latency(answers.bm25.times) },
    dense: dense && answers.dense ? { ...meanScores(dense), latency_ms: latency(answers.dense.times) } : null,
    difference_to_bm25: dense ? differences(ours, bm25, seed) : null,
    difference_to_dense: dense ? differences(ours, dense, seed) : null,
    fusion: built.fusion,
    rows: { documents: corpus.rows.length, queries: queries.rows.length, queries_judged: judged.length },
    unknown: judgements.unknown,
    bad_rows: { corpus: corpus.bad, queries: queries.bad, qrels: judgements.bad },
    seed,
    encoder: encoder?.id ?? null,
    note: encoder ? null : 'no encoder: the figures are of BM25 alone',
  };
}

type Stage = (name: string) => (share: number) => void;

async function buildIndex(rows: readonly CorpusRow[], encoder: Encoder | undefined, seed: number, stage: Stage) {
  const started = performance.now();
  let encodeMs = 0;
  const encode = async (texts: readonly string[], onShare: (share: number) => void) => {
    const from = performance.now();
    const found = await encodeAll(encoder, texts, onShare);
    encodeMs += performance.now() - from;
    return found;
  };
  const index = new HybridIndex({ dimensions: encoder?.dimensions });
  // Some at a time: the vectors of a large collection are kept once, in the index.
  for (let from = 0; from < rows.length; from += TOGETHER) {
    const some = rows.slice(from, from + TOGETHER);
    const pieces = encoder ? some.map(({ title, text }) => titledPassages(title, text).slice(0, MOST_PASSAGES)) : [];
    const vectors = await encode(pieces.flat(), (share) =>
      stage('encode documents')((from + share * some.length) / rows.length),
    );
    let at = 0;
    for (const [i, row] of some.entries()) {
      const first = at;
      at += pieces[i]?.length ?? 0;
      index.add({ ...row, vectors: vectors.slice(first, at) });
    }
    await nextTurn();
  }
  let fusion: TunedWeight | null = null;
  if (encoder) {
    stage('tune')(0);
    const sample = [...shuffledIndices(rows.length, seededRandom(seed))].slice(0, TUNED_ON);
    const documents = sample.map((i) => ({ ...rows[i]!, vectors: index.vectorsOf(rows[i]!.id) }));
    fusion = await tuneWeight(documents, (texts) => encode(texts, stage('tune')), { seed });
    index.weight = fusion.weight;
  }
  const seconds = (performance.now() - started) / 1000;
  return { index, fusion, seconds, encodeSeconds: encodeMs / 1000 };
}

async function encodeAll(encoder: Encoder | undefined, texts: readonly string[], onShare: (share: number) => void) {
  const vectors: Float32Array[] = [];
  if (!encoder) return vectors;
  for (let from = 0; from < texts.length; from += AT_ONCE) {
    onShare(from / texts.length);
    for (const vector of await encoder.encode(texts.slice(from, from + AT_ONCE))) vectors.push(vector);
  }
  return vectors;
}

interface Way {
  hits: Hit[][];
  times: number[];
}

async function answerAll(
  index: HybridIndex,
  queries: readonly { id: string; text: string }[],
  vectors: readonly Float32Array[],
  withMeaning: boolean,
  onShare: (share: number) => void,
): Promise<{ ours: Way; bm25: Way; dense: Way | null }> {
  const ways = { hybrid: way(), words: way(), meaning: way() };
  for (const [i, { id: own, text }] of queries.entries()) {
    const question = { text, ...(vectors[i] && { vector: vectors[i] }) };
    const without = (id: string) => id === own;
    for (const by of withMeaning ? (['words', 'meaning', 'hybrid'] as const) : (['words'] as const)) {
      const from = performance.now();
      ways[by].hits.push(index.search(question, { by, most: MOST, without }));
      ways[by].times.push(performance.now() - from);
    }
    if (i % 50 === 0) {
      onShare(i / queries.length);
      await nextTurn();
    }
  }
  const { hybrid, words, meaning } = ways;
  return withMeaning ? { ours: hybrid, bm25: words, dense: meaning } : { ours: words, bm25: words, dense: null };
}

const way = (): Way => ({ hits: [], times: [] });

function latency(times: readonly number[]): Latency {
  const ascending = [...times].sort((a, b) => a - b);
  return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) };
}

function differences(ours: readonly RankingScores[], others: readonly RankingScores[], seed: number) {
  const intervals: Record<string, Interval> = {};
  for (const figure of FIGURES) {
    intervals[figure] = pairedDifference(
      ours.map((row) => row[figure]),
      others.map((row) => row[figure]),
      { seed },
    );
  }
  return intervals;
}

async function writePredictions(file: string, queries: readonly { id: string }[], hits: readonly Hit[][]) {
  const out = createWriteStream(file);
  await once(out, 'open').catch((error: Error) => {
    throw new EvaluateInputError(file, `cannot be written: ${error.message}`);
  });
  queries.forEach(({ id }, i) => {
    out.write(`${JSON.stringify({ query: id, results: hits[i] })}\n`);
  });
  out.end();
  await once(out, 'finish');
}
