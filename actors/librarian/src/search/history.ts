// What past work says about a question: commits whose messages are like it vote for the files they touched. Pure.
// After the similar reports of BugLocator (Zhou, Zhang, Lo 2012), with the messages of all commits instead of bug reports alone.
import type { Hit } from '@cortex/models';
import type { Change } from '../graph/build-graph.js';

/** Commits that vote. */
const VOTERS = 30;

export interface Vote {
  /** Of the votes of the most voted file: 0 … 1. */
  share: number;
  /** Node of the commit most like the question among those that voted. */
  by: string;
}

/**
 * @param hits rows of past work, best first, in standard deviations above the usual hit
 * @param changes commits by the ids of their rows
 * @returns votes by file node; a commit's vote is its score over the root of how many files it touched
 */
export function votesOf(hits: readonly Hit[], changes: ReadonlyMap<string, Change>): Map<string, Vote> {
  const heard = new Set<string>();
  const sums = new Map<string, Vote>();
  for (const { id, score } of hits) {
    const change = changes.get(id);
    if (!change || heard.has(change.node)) continue;
    if (score <= 0 || heard.size === VOTERS) break;
    heard.add(change.node);
    for (const file of change.touched) {
      const { share, by } = sums.get(file) ?? { share: 0, by: change.node };
      sums.set(file, { share: share + score / Math.sqrt(change.touched.length), by });
    }
  }
  let most = 0;
  for (const { share } of sums.values()) most = Math.max(most, share);
  return new Map([...sums].map(([file, { share, by }]) => [file, { share: share / most, by }]));
}
