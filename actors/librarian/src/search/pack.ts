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
  // Measured without the graph: that others are pointed at makes nothing irrelevant.
  const own = ({ score, gain = 0 }: Found) => score - gain;
  const best = Math.max(...ranked.map(own), 0);
  const near = ranked.filter((one) => own(one) >= best - Math.max(FAR, best * 0.6));
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
  const bestOf = new Map<string, number>();
  for (const one of taken)
    bestOf.set(fileOf(one), Math.max(bestOf.get(fileOf(one)) ?? Number.NEGATIVE_INFINITY, one.score));
  const pieces = [...taken].sort(
    (a, b) =>
      ORDER.indexOf(a.collection) - ORDER.indexOf(b.collection) ||
      (bestOf.get(fileOf(b)) ?? 0) - (bestOf.get(fileOf(a)) ?? 0) ||
      (fileOf(a) < fileOf(b) ? -1 : fileOf(a) > fileOf(b) ? 1 : a.row.start_line - b.row.start_line),
  );
  return { pieces, tokens, left: { found: ranked.length - taken.size, too_far: ranked.length - near.length } };
}

/** Files stand by their best passage; passages of one file in the order in which they stand there. */
const fileOf = ({ row }: Found): string => `${row.repository}\0${row.path}`;
