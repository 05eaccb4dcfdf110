// What lies near the best hits in the graph, or was changed by past work like the question: it gains, and files that no word of the question led to come in
// by their best passage. The one thing to know: this only ever adds. A hit is moved up by what points at it, never down for standing alone.
import { personalisedPageRank } from '@cortex/models';
import type { Collection } from '@cortex/schemas';
import type { Library } from '../library/library.js';
import type { Vote } from '../search/history.js';
import type { Found } from '../search/search.js';
import type { ChunkRow, RowFilter } from '../store/types.js';
import { type KnowledgeGraph, nodeOf } from './build-graph.js';

/** Hits that the walk starts from. */
const SEEDS = 30;
/** Files that are looked into although nothing in them was found. */
const NEW_FILES = 8;
/** What the node that gains most gains by the graph, and by the votes of past work, in standard deviations of a usual hit. */
const GAIN = 1;
const GAIN_BY_VOTES = 3;

export async function expand(
  library: Library,
  knowledge: KnowledgeGraph,
  found: readonly Found[],
  votes: ReadonlyMap<string, Vote>,
  question: { terms: string; vector: Float32Array | undefined },
  collections: readonly Collection[],
  filter: RowFilter,
): Promise<Found[]> {
  const seeds = new Map<string, number>();
  const direct = new Map<string, number>();
  const top = found[0]?.score ?? 0;
  for (const one of found.slice(0, SEEDS)) {
    const node = nodeOf(one.row);
    const weight = Math.exp(one.score - top);
    if (weight <= (direct.get(node) ?? 0)) continue;
    direct.set(node, weight);
    seeds.set(node, weight);
  }
  const rank = personalisedPageRank(knowledge.graph, seeds, { epsilon: 2e-5, most: 50_000 });
  const total = [...seeds.values()].reduce((a, b) => a + b, 0) || 1;
  // What a node has from others: its own seed does not count as support.
  const support = new Map<string, number>();
  for (const [node, share] of rank) {
    if (!node.startsWith('file:') && !node.startsWith('work:')) continue;
    const own = (0.4 * (seeds.get(node) ?? 0)) / total;
    if (share - own > 1e-4) support.set(node, share - own);
  }
  const most = Math.max(1e-9, ...support.values());
  const gainOf = (node: string) =>
    GAIN * Math.sqrt((support.get(node) ?? 0) / most) + GAIN_BY_VOTES * Math.sqrt(votes.get(node)?.share ?? 0);
  const reasonFor = (node: string) => {
    const vote = votes.get(node);
    return vote ? `changed by ${nameOf(vote.by)}, which is like this` : reasonOf(knowledge, node, seeds);
  };
  const best = new Map<string, Found>();
  for (const one of found) {
    const node = nodeOf(one.row);
    if (!best.has(node)) best.set(node, one);
  }
  const raised = found.map((one) => {
    const node = nodeOf(one.row);
    // Only a file's best passage gains: a file is not better for being long.
    const gain = best.get(node) === one ? gainOf(node) : 0;
    return gain > 0.25 ? { ...one, gain, score: one.score + gain, reasons: [...one.reasons, reasonFor(node)] } : one;
  });
  const fresh = [...new Set([...support.keys(), ...votes.keys()])]
    .filter((node) => node.startsWith('file:') && !best.has(node))
    .sort((a, b) => gainOf(b) - gainOf(a))
    .slice(0, NEW_FILES);
  const added = await passagesOf(library, knowledge, fresh, question, collections, filter);
  const floor = found.at(-1)?.score ?? 0;
  const usual = found[Math.min(found.length - 1, SEEDS)]?.score ?? floor;
  return [
    ...raised,
    ...added.map((one) => {
      const node = nodeOf(one.row);
      return {
        ...one,
        gain: gainOf(node),
        score: Math.min(usual, top) + gainOf(node),
        reasons: [reasonFor(node)],
      };
    }),
  ].sort((a, b) => b.score - a.score);
}

/** The best passage of each file, in one question a collection that any of them lies in. */
async function passagesOf(
  library: Library,
  knowledge: KnowledgeGraph,
  nodes: readonly string[],
  question: { terms: string; vector: Float32Array | undefined },
  collections: readonly Collection[],
  filter: RowFilter,
): Promise<Found[]> {
  if (filter.paths || filter.path !== undefined) return [];
  const wanted = new Map<Collection, string[]>();
  for (const node of nodes) {
    const file = knowledge.files.get(node);
    if (file && collections.includes(file.collection))
      wanted.set(file.collection, [...(wanted.get(file.collection) ?? []), node]);
  }
  const parts = await Promise.all(
    [...wanted].map(async ([collection, own]): Promise<Found[]> => {
      const files = own.flatMap((node) => knowledge.files.get(node) ?? []);
      const narrowed = { ...filter, paths: files.map(({ path }) => path) };
      const most = files.length * 4;
      const near = question.vector
        ? await library.store.nearest(collection, question.vector, most, narrowed)
        : await saying(library, collection, question.terms, most, narrowed);
      const best = new Map<string, ChunkRow>();
      const offer = (row: ChunkRow | undefined) => {
        if (row && own.includes(nodeOf(row)) && !best.has(nodeOf(row))) best.set(nodeOf(row), row);
      };
      for (const row of near) offer(row);
      // Nothing in it is near, or has a word of the question: its beginning says what it is.
      const bare = own.flatMap((node) => (best.has(node) ? [] : (knowledge.files.get(node)?.first.id ?? [])));
      for (const row of await library.store.get(collection, bare)) offer(row);
      return [...best.values()]
        .filter((row) => fits(row, filter))
        .map((row) => ({ collection, row, score: 0, terms: [], reasons: [] }));
    }),
  );
  return parts.flat();
}

async function saying(library: Library, collection: Collection, terms: string, most: number, filter: RowFilter) {
  const keys = (await library.store.words(collection, terms, most, filter)).map(({ key }) => key);
  const rows = await library.store.take(collection, keys);
  return keys.flatMap((key) => rows.get(key) ?? []);
}

/** A file's beginning was not chosen by the store, which knows the conditions. */
const fits = (row: ChunkRow, { repository, language, kind, since, until, trust }: RowFilter): boolean =>
  (repository === undefined || row.repository === repository) &&
  (language === undefined || row.language === language) &&
  (kind === undefined || row.kind === kind) &&
  (since === undefined || row.changed_at >= since) &&
  (until === undefined || row.changed_at <= until) &&
  (trust === undefined || trust.includes(row.trust));

/** The strongest found thing that leads there, in words. */
function reasonOf(knowledge: KnowledgeGraph, node: string, seeds: ReadonlyMap<string, number>): string {
  const near = knowledge.graph.neighbours(node);
  const known = near
    .filter(({ name }) => seeds.has(name))
    .sort((a, b) => (seeds.get(b.name) ?? 0) - (seeds.get(a.name) ?? 0));
  const first = known[0]?.name;
  if (!first) return 'near what was found, over several steps';
  return `${first.startsWith('work:') ? 'with' : 'beside'} ${nameOf(first)}`;
}

/** A node without its kind and repository. */
const nameOf = (node: string): string => node.split(':').slice(2).join(':');
