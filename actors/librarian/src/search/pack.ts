// Ranked passages → what fits into a budget of tokens, in the order in which they should be read. Pure.
// The one thing to know: each collection first gets its share of the budget for this kind of task, best passages first; what is left over goes to
// the best of the rest. Text is never cut: half a function misleads.
import { COLLECTIONS, type Collection } from '@cortex/schemas';
import type { Found } from './search.js';
import type { SHARES } from './task-type.js';

/** Lessons first, then what is, then what was. */
const ORDER: readonly Collection[] = ['patterns', 'documentation', 'codebase', 'issues'];
/** Head line of a piece in a prompt. */
const HEAD_TOKENS = 24;
/** Passages further below the best than this are noise: an unspent budget is worth more. */
const FAR = 2.5;

export interface Packed {
  pieces: Found[];
  tokens: number;
  left: { found: number; too_far: number };
}

export function pack(ranked: readonly Found[], budget: number, shares: (typeof SHARES)['other']): Packed {
  const best = ranked[0]?.score ?? 0;
  const near = ranked.filter(({ score }) => score >= best - Math.max(FAR, Math.abs(best) * 0.6));
  const taken = new Set<Found>();
  let tokens = 0;
  const spent = new Map<Collection, number>();
  const cost = ({ row }: Found) => row.tokens + HEAD_TOKENS;
  const take = (one: Found) => {
    taken.add(one);
    tokens += cost(one);
    spent.set(one.collection, (spent.get(one.collection) ?? 0) + cost(one));
  };
  // A collection that has nothing near passes its share on.
  const there = COLLECTIONS.filter((c) => near.some(({ collection }) => collection === c));
  const sum = there.reduce((total, c) => total + shares[c], 0) || 1;
  for (const one of near) {
    const share = (shares[one.collection] / sum) * budget;
    if ((spent.get(one.collection) ?? 0) + cost(one) <= share && tokens + cost(one) <= budget) take(one);
  }
  for (const one of near) if (!taken.has(one) && tokens + cost(one) <= budget) take(one);
  const pieces = [...taken].sort(
    (a, b) => ORDER.indexOf(a.collection) - ORDER.indexOf(b.collection) || fileOrder(a, b, taken),
  );
  return { pieces, tokens, left: { found: ranked.length - taken.size, too_far: ranked.length - near.length } };
}

/** Files by their best passage; passages of one file in the order in which they stand there. */
function fileOrder(a: Found, b: Found, taken: ReadonlySet<Found>): number {
  if (a.row.path === b.row.path && a.row.repository === b.row.repository) return a.row.start_line - b.row.start_line;
  const bestOf = (one: Found) =>
    Math.max(
      ...[...taken]
        .filter((other) => other.row.path === one.row.path && other.row.repository === one.row.repository)
        .map(({ score }) => score),
    );
  return bestOf(b) - bestOf(a) || (a.row.path < b.row.path ? -1 : 1);
}
