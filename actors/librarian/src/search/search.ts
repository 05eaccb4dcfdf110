// A question → passages, best first: words and meaning of every collection asked, measured against each other, repeats left out, each with its reason.
// The one thing to know: both halves are asked deep enough that what one of them does not have among its best is surely far down, so no second
// question is needed to score it.
import { type Encoder, fuseScores, type Hit, searchTerms, withoutRepeatedTerms } from '@cortex/models';
import { COLLECTIONS, type Collection, type SearchFilters } from '@cortex/schemas';
import { textTerms } from '../chunk/rows.js';
import { expand } from '../graph/expand.js';
import type { Library } from '../library/library.js';
import { pathMatches } from '../store/filter.js';
import type { ChunkRow, StoreHit } from '../store/types.js';
import { rowFilterOf } from './filters.js';
import { votesOf } from './history.js';

/** Hits of each half that the scores are measured against, and those whose place is known beyond. */
const DEPTH = 100;
const KNOWN = 200;
/** Hits among past work whose votes are heard. */
const PAST = 60;
/** Rows read whole for each wanted: some repeat others or fall to a glob. */
const SPARE = 1.3;
/** Terms of a passage that are compared with another's. */
const COMPARED = 400;

export interface SearchRequest {
  query: string;
  /** Default 10. */
  most?: number;
  /** Default all. */
  collections?: readonly Collection[];
  filters?: SearchFilters;
  /** Which half answers. Default hybrid. */
  by?: 'hybrid' | 'words' | 'meaning';
  /** Follow imports, mentions and history from what was found. Default true. */
  graph?: boolean | undefined;
}

export interface Found {
  collection: Collection;
  row: ChunkRow;
  /** Standard deviations above the usual hit, words and meaning together. */
  score: number;
  /** The part of the score that comes from the graph. */
  gain?: number;
  /** Cosine to the question, where it is known. */
  meaning?: number;
  /** BM25, where it is known. */
  words?: number;
  /** Terms of the question that are in it. */
  terms: string[];
  /** What else spoke for it. */
  reasons: string[];
}

export interface Ranking {
  found: Found[];
  explanation: string[];
}

interface Half {
  lists: ReadonlyMap<Collection, readonly Hit[]>;
  hits: Hit[];
  scores: Map<string, number>;
  /** What anything that is not among the hits has at most. */
  below: number;
}

export async function rank(library: Library, request: SearchRequest, again = false): Promise<Ranking> {
  const collections = request.collections?.length ? request.collections : COLLECTIONS;
  const most = request.most ?? 10;
  const by = request.by ?? 'hybrid';
  const filter = rowFilterOf(request.filters);
  const terms = searchTerms(request.query).map((term) => term.replace(/\s/g, ''));
  const explanation: string[] = [];
  const encoder = by === 'words' ? undefined : await encoderOf(library, explanation);
  const vector = encoder ? (await library.questions.vectors(encoder, [request.query.slice(0, 2_000)]))[0] : undefined;
  const [words, meaning] = await Promise.all([
    by === 'meaning' ? none() : half(collections, (c) => library.store.words(c, terms.join(' '), KNOWN, filter)),
    vector ? half(collections, (c) => library.store.near(c, vector, KNOWN, filter)) : none(),
  ]);
  const fused = fuse(library, collections, words, meaning);
  const follow = request.graph !== false && fused.length > 0;
  const past = follow ? fuse(library, ['issues'], only('issues', words), only('issues', meaning)).slice(0, PAST) : [];
  const chosen = fused.slice(0, Math.ceil(most * SPARE) + 10);
  const [rows, knowledge] = await Promise.all([
    read(library, [...chosen, ...past]),
    follow ? library.graph.get(library.waitsForGraph) : undefined,
  ]);
  // The store was put in order between finding and reading: its rows lie elsewhere now.
  if (!again && rows.size < chosen.length / 2) return rank(library, request, true);
  const asked = new Set(terms.filter((term) => term.length > 1));
  const found = chosen.flatMap(({ id, score }): Found[] => {
    const row = rows.get(id);
    if (!row || (filter.path !== undefined && !pathMatches(row.path, filter.path))) return [];
    const near = meaning.scores.get(id);
    const said = words.scores.get(id);
    const shared = new Set(row.terms.split(' ').filter((term) => asked.has(term)));
    return [
      {
        collection: collectionOf(id),
        row,
        score,
        ...(near === undefined ? {} : { meaning: near }),
        ...(said === undefined ? {} : { words: said }),
        terms: [...shared],
        reasons: [],
      },
    ];
  });
  if (!knowledge || found.length === 0) return { found, explanation };
  const votes = votesOf(
    past.flatMap(({ id, score }) => ({ id: rows.get(id)?.id ?? '', score })),
    knowledge.changes,
  );
  return {
    found: await expand(library, knowledge, found, votes, { terms: terms.join(' '), vector }, collections, filter),
    explanation,
  };
}

/** The best `most`, without those that only repeat a better one. */
export function withoutRepeats(found: readonly Found[], most: number): Found[] {
  const byId = new Map(found.map((one) => [key(one.collection, one.row.id), one]));
  const kept = withoutRepeatedTerms(
    [...byId].map(([id, { score }]) => ({ id, score })),
    (id) => termsOf(byId.get(id)?.row),
    most,
  );
  return kept.flatMap(({ id }) => byId.get(id) ?? []);
}

const termsOf = (row: ChunkRow | undefined): string[] => (row ? textTerms(row).slice(0, COMPARED) : []);

async function encoderOf(library: Library, explanation: string[]): Promise<Encoder | undefined> {
  const encoder = await library.encoder();
  if (!encoder) explanation.push('no encoder: found by words alone');
  return encoder;
}

const none = async (): Promise<Half> => halfOf([]);

async function half(
  collections: readonly Collection[],
  ask: (collection: Collection) => Promise<StoreHit[]>,
): Promise<Half> {
  return halfOf(
    await Promise.all(
      collections.map(async (collection) => {
        const hits = (await ask(collection)).map((hit) => ({ id: key(collection, hit.key), score: hit.score }));
        return [collection, hits] as const;
      }),
    ),
  );
}

function halfOf(lists: readonly (readonly [Collection, readonly Hit[]])[]): Half {
  const all = lists.flatMap(([, hits]) => hits).sort((a, b) => b.score - a.score);
  // A full list ends somewhere: what is not on it is below its end.
  const ends = lists.filter(([, hits]) => hits.length >= KNOWN).map(([, hits]) => hits.at(-1)?.score ?? 0);
  return {
    lists: new Map(lists),
    hits: all.slice(0, DEPTH),
    scores: new Map(all.map(({ id, score }) => [id, score])),
    below: Math.max(0, ...ends),
  };
}

/** The same half of one collection, measured against itself. */
const only = (collection: Collection, { lists }: Half): Half => halfOf([[collection, lists.get(collection) ?? []]]);

function fuse(library: Library, collections: readonly Collection[], words: Half, meaning: Half): Hit[] {
  const floor = (one: Half) => (id: string) => one.scores.get(id) ?? Math.min(one.below, one.hits.at(-1)?.score ?? 0);
  if (meaning.hits.length === 0) return words.hits;
  if (words.hits.length === 0) return meaning.hits;
  const weights = new Map<number, Set<Collection>>();
  for (const collection of collections) {
    const weight = library.weight(collection);
    weights.set(weight, (weights.get(weight) ?? new Set()).add(collection));
  }
  // Every collection's own weight, over one common measure.
  return [...weights]
    .flatMap(([weight, own]) =>
      fuseScores(
        { hits: words.hits, scoreOf: floor(words) },
        { hits: meaning.hits, scoreOf: floor(meaning) },
        weight,
      ).filter(({ id }) => own.has(collectionOf(id))),
    )
    .sort((a, b) => b.score - a.score);
}

async function read(library: Library, hits: readonly Hit[]): Promise<Map<string, ChunkRow>> {
  const keys = new Map<Collection, Set<string>>();
  for (const { id } of hits) {
    const collection = collectionOf(id);
    keys.set(collection, (keys.get(collection) ?? new Set()).add(id.slice(collection.length + 1)));
  }
  const rows = new Map<string, ChunkRow>();
  await Promise.all(
    [...keys].map(async ([collection, own]) => {
      for (const [at, row] of await library.store.take(collection, [...own])) rows.set(key(collection, at), row);
    }),
  );
  return rows;
}

const key = (collection: Collection, id: string): string => `${collection}:${id}`;
const collectionOf = (id: string): Collection => id.slice(0, id.indexOf(':')) as Collection;
