// A repository on a page: its most important files with the names they define, as many as fit a budget. Importance is what points at a file, and, with
// a question, what lies near the answer.
import { personalisedPageRank } from '@cortex/models';
import { tokensOf } from '../chunk/rows.js';
import { nodeOf } from '../graph/build-graph.js';
import type { Library } from '../library/library.js';
import { rank } from './search.js';

const NAMES = 12;

export interface MapInput {
  query?: string | undefined;
  repository?: string | undefined;
  budget_tokens: number;
}

export async function repositoryMap(
  library: Library,
  ask: MapInput,
): Promise<{ map: string; tokens: number; files: number }> {
  const knowledge = await library.graph.get(true);
  const files = [...(knowledge?.files ?? [])].filter(
    ([, file]) => ask.repository === undefined || file.repository === ask.repository,
  );
  if (!knowledge || files.length === 0) return { map: '', tokens: 0, files: 0 };
  const seeds = new Map<string, number>(files.map(([node]) => [node, ask.query ? 0.05 / files.length : 1]));
  if (ask.query) {
    const { found } = await rank(library, {
      query: ask.query,
      most: 30,
      graph: false,
      ...(ask.repository ? { filters: { repository: ask.repository } } : {}),
    });
    const best = found[0]?.score ?? 0;
    for (const one of found) seeds.set(nodeOf(one.row), (seeds.get(nodeOf(one.row)) ?? 0) + Math.exp(one.score - best));
  }
  // Further steps than for a search: a file that all others lean on is important.
  const importance = personalisedPageRank(knowledge.graph, seeds, { damping: ask.query ? 0.6 : 0.8, epsilon: 1e-6 });
  const ordered = files
    .map(([node, file]) => ({ file, share: importance.get(node) ?? 0 }))
    .sort((a, b) => b.share - a.share || (a.file.path < b.file.path ? -1 : 1));
  const chosen: string[] = [];
  let tokens = 0;
  for (const { file } of ordered) {
    const names = file.defines.slice(0, NAMES).join(', ');
    const line = `${file.path}${names ? `: ${names}${file.defines.length > NAMES ? ', …' : ''}` : ''}`;
    const cost = tokensOf(`${line}\n`);
    if (tokens + cost > ask.budget_tokens) break;
    chosen.push(line);
    tokens += cost;
  }
  return { map: chosen.sort().join('\n'), tokens, files: chosen.length };
}
