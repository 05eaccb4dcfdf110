// Search and context, whole: what commands and the actor call.
import { createHash } from 'node:crypto';
import type { ContextAnswer, ContextAsk, SearchAnswer, SearchAsk } from '@cortex/schemas';
import type { Library } from '../library/library.js';
import { pack } from './pack.js';
import { pieceOf } from './piece.js';
import { rank, withoutRepeats } from './search.js';
import { isTaskType, SHARES, taskTypeOf } from './task-type.js';

/** Passages a context is chosen from. */
const CHOSEN_FROM = 40;

export type SearchInput = Pick<SearchAsk, 'query' | 'most' | 'collections' | 'filters' | 'graph'>;
export type ContextInput = Pick<ContextAsk, 'task' | 'budget_tokens' | 'collections' | 'filters'>;

export async function search(library: Library, ask: SearchInput): Promise<SearchAnswer> {
  const began = performance.now();
  const most = ask.most ?? 10;
  const { found, explanation } = await rank(library, {
    query: ask.query,
    most,
    graph: ask.graph,
    ...(ask.collections ? { collections: ask.collections } : {}),
    ...(ask.filters ? { filters: ask.filters } : {}),
  });
  const hits = withoutRepeats(found, most).map(pieceOf);
  return { hits, explanation, latency_ms: since(began) };
}

export async function contextFor(library: Library, ask: ContextInput): Promise<ContextAnswer> {
  const began = performance.now();
  const { task } = ask;
  const said = [task.title, task.text].filter(Boolean).join('\n');
  const type = task.type !== undefined && isTaskType(task.type) ? task.type : taskTypeOf(said);
  const { found, explanation } = await rank(library, {
    query: said,
    most: CHOSEN_FROM,
    ...(ask.collections ? { collections: ask.collections } : {}),
    ...(ask.filters ? { filters: ask.filters } : {}),
  });
  const different = withoutRepeats(found, CHOSEN_FROM);
  const packed = pack(different, ask.budget_tokens, SHARES[type]);
  const pieces = packed.pieces.map(pieceOf);
  const notes = [
    `a task of type ${type}${task.type === undefined ? ', told from its words' : ''}`,
    `${pieces.length} of ${found.length} passages, ${packed.tokens} of ${ask.budget_tokens} tokens`,
    ...(found.length > different.length ? [`${found.length - different.length} left out: they repeat others`] : []),
    ...(packed.left.too_far > 0 ? [`${packed.left.too_far} left out: too far from the task`] : []),
  ];
  return {
    pieces,
    tokens: packed.tokens,
    hash: createHash('sha256')
      .update(pieces.map(({ hash }) => hash).join('\n'))
      .digest('hex'),
    type,
    explanation: [...notes, ...explanation],
    latency_ms: since(began),
  };
}

const since = (began: number): number => Math.round((performance.now() - began) * 10) / 10;
