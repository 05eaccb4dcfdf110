// The index's own graph: files, names, issues and commits, lessons and masters; who imports, mentions, changed or learnt what. From parsers and events
// alone; who wrote something is no node of it.
import { Graph } from '@cortex/models';
import { COLLECTIONS, type Collection } from '@cortex/schemas';
import type { Links } from '../chunk/rows.js';
import type { Store } from '../store/types.js';
import { Files } from './resolve.js';

export interface FileNode {
  repository: string;
  path: string;
  language: string;
  defines: string[];
  collection: Collection;
  /** Its beginning. */
  first: { id: string; line: number };
}

export interface KnowledgeGraph {
  graph: Graph;
  files: Map<string, FileNode>;
  /** Which commit a row of past work tells of, and the files that commit touched and that are still there. By the row's id. */
  changes: Map<string, Change>;
}

export interface Change {
  node: string;
  touched: readonly string[];
}

/** A name that many files define says nothing about any of them. */
const MOST_DEFINING = 3;

const fileNode = (repository: string, path: string): string => `file:${repository}:${path}`;
const workNode = (repository: string, path: string): string => `work:${repository}:${path}`;
/** The node of a row's file or piece of work. */
export const nodeOf = ({ repository, path, kind }: { repository: string; path: string; kind: string }): string =>
  ['issue', 'change', 'pattern', 'lesson'].includes(kind) ? workNode(repository, path) : fileNode(repository, path);

interface Pointing {
  node: string;
  repository: string;
  path: string;
  links: Links;
}

export async function buildGraph(store: Store): Promise<KnowledgeGraph> {
  const files = new Map<string, FileNode>();
  const pointing: Pointing[] = [];
  const masters: [string, string][] = [];
  const told: { id: string; node: string }[] = [];
  for (const collection of COLLECTIONS)
    for await (const rows of store.scan(collection, [
      'id',
      'repository',
      'path',
      'kind',
      'language',
      'start_line',
      'links',
    ]))
      for (const { id, repository, path, kind, language, start_line: line, links } of rows) {
        const node = nodeOf({ repository, path, kind });
        const parsed = links === '{}' ? {} : (JSON.parse(links) as Links);
        if (node.startsWith('file:')) {
          const known = files.get(node);
          const first = known && known.first.line <= line ? known.first : { id, line };
          const defines = parsed.defines ?? known?.defines ?? [];
          files.set(node, { repository, path, language, defines, collection, first });
        } else if (kind === 'pattern' || kind === 'lesson') masters.push([node, `master:${repository}`]);
        if (kind === 'change') told.push({ id, node });
        if (links !== '{}') pointing.push({ node, repository, path, links: parsed });
      }
  return { graph: connect(files, pointing, masters), files, changes: changesOf(told, pointing, files) };
}

/** A long message lies in several rows, of which only the first names the files. */
function changesOf(
  told: readonly { id: string; node: string }[],
  pointing: readonly Pointing[],
  files: ReadonlyMap<string, FileNode>,
): Map<string, Change> {
  const byNode = new Map<string, Change>();
  for (const { node, repository, links } of pointing) {
    const touched = links.touched?.map((path) => fileNode(repository, path)).filter((file) => files.has(file)) ?? [];
    if (touched.length > 0) byNode.set(node, { node, touched });
  }
  return new Map(
    told.flatMap(({ id, node }) => {
      const change = byNode.get(node);
      return change ? [[id, change] as const] : [];
    }),
  );
}

function connect(
  files: ReadonlyMap<string, FileNode>,
  pointing: readonly Pointing[],
  masters: readonly [string, string][],
): Graph {
  const graph = new Graph();
  const byRepository = new Map<string, Files>();
  const everywhere = new Files([]);
  for (const repository of new Set([...files.values()].map((file) => file.repository)))
    byRepository.set(
      repository,
      new Files([...files.values()].filter((file) => file.repository === repository).map(({ path }) => path)),
    );
  const defining = new Map<string, string[]>();
  for (const [node, { defines }] of files) {
    graph.node(node);
    for (const name of defines) defining.set(name, [...(defining.get(name) ?? []), node]);
  }
  for (const [name, nodes] of defining) {
    if (nodes.length > MOST_DEFINING || name.length < 4) continue;
    for (const node of nodes) graph.add({ from: `symbol:${name}`, to: node, weight: 1 / nodes.length, back: 0.05 });
  }
  for (const { node, repository, path, links } of pointing) {
    const own = byRepository.get(repository) ?? everywhere;
    const to = (target: string) => fileNode(repository, target);
    for (const module of links.imports ?? [])
      for (const target of own.imported(path, module))
        graph.add({ from: node, to: to(target), weight: 0.6, back: 0.4 });
    for (const target of links.touched ?? [])
      if (files.has(to(target)))
        graph.add({ from: node, to: to(target), weight: 2 / Math.sqrt(links.touched?.length ?? 1), back: 0.5 });
    for (const mention of links.mentions ?? []) {
      if (mention.startsWith('`')) {
        const name = mention.slice(1).split('.').at(-1) ?? '';
        if ((defining.get(name)?.length ?? MOST_DEFINING + 1) <= MOST_DEFINING)
          graph.add({ from: node, to: `symbol:${name}`, weight: 0.7, back: 0.5 });
      } else if (mention.startsWith('#'))
        graph.add({ from: node, to: workNode(repository, mention), weight: 1, back: 1 });
      else if (!links.touched)
        for (const target of own.ending(mention)) graph.add({ from: node, to: to(target), weight: 0.8, back: 0.5 });
    }
  }
  for (const [pattern, master] of masters) graph.add({ from: pattern, to: master, weight: 0.2, back: 0.2 });
  return graph;
}
