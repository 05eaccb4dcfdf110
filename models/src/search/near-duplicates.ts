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
  return withoutRepeatedTerms(hits, (id) => searchTerms(textOf(id).slice(0, COMPARED)), most, likeness);
}

/** The same for texts whose terms are there already: cutting them again would be most of the work. */
export function withoutRepeatedTerms(
  hits: readonly Hit[],
  termsOf: (id: string) => readonly string[],
  most: number,
  likeness = 0.8,
): Hit[] {
  const kept: Hit[] = [];
  const seen: Set<string>[] = [];
  for (const hit of hits) {
    if (kept.length >= most) break;
    const runs = runsOf(termsOf(hit.id));
    if (seen.some((other) => alike(runs, other, likeness))) continue;
    kept.push(hit);
    seen.push(runs);
  }
  return kept;
}

function runsOf(terms: readonly string[]): Set<string> {
  const runs = new Set<string>();
  for (let i = 0; i + RUN <= terms.length; i++) runs.add(`${terms[i]} ${terms[i + 1]} ${terms[i + 2]}`);
  // A text shorter than one run is like only its equal.
  if (!runs.size) runs.add(terms.join(' '));
  return runs;
}

/** Whether the Jaccard likeness is at least `likeness`; sets whose sizes differ too much are not looked into. */
function alike(a: ReadonlySet<string>, b: ReadonlySet<string>, likeness: number): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  if (small.size < likeness * large.size) return false;
  // common ÷ (sizes − common) ≥ likeness
  const needed = (likeness * (a.size + b.size)) / (1 + likeness);
  let common = 0;
  let left = small.size;
  for (const run of small) {
    if (large.has(run)) common++;
    if (common + --left < needed) return false;
  }
  return true;
}
