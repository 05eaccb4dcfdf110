// Answers that repeat one another fill a context without telling more: of near-equal texts only the best placed stays.
// The one thing to know: likeness is the share of common three-term runs (Jaccard), so an edited copy is caught and a mere theme is not.
import type { Hit } from './bm25-index.js';
import { searchTerms } from './tokens.js';

const RUN = 3;
/** Characters of a text that are compared. */
const COMPARED = 8000;

/**
 * @param most hits wanted; no more texts are compared than it takes to find them
 * @param likeness from which on a text repeats another, 0 … 1. Default .8.
 */
export function withoutNearDuplicates(
  hits: readonly Hit[],
  textOf: (id: string) => string,
  most: number,
  likeness = 0.8,
): Hit[] {
  const kept: Hit[] = [];
  const seen: Set<string>[] = [];
  for (const hit of hits) {
    if (kept.length >= most) break;
    const runs = runsOf(textOf(hit.id));
    if (seen.some((other) => jaccard(runs, other) >= likeness)) continue;
    kept.push(hit);
    seen.push(runs);
  }
  return kept;
}

function runsOf(text: string): Set<string> {
  const terms = searchTerms(text.slice(0, COMPARED));
  const runs = new Set<string>();
  for (let i = 0; i + RUN <= terms.length; i++) runs.add(terms.slice(i, i + RUN).join(' '));
  // A text shorter than one run is like only its equal.
  if (!runs.size) runs.add(terms.join(' '));
  return runs;
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const run of a) if (b.has(run)) common++;
  return common / (a.size + b.size - common);
}
