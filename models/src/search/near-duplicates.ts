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
  const seen: Set<number>[] = [];
  const numbers = new Map<string, number>();
  for (const hit of hits) {
    if (kept.length >= most) break;
    const runs = runsOf(termsOf(hit.id), numbers);
    if (seen.some((other) => alike(runs, other, likeness))) continue;
    kept.push(hit);
    seen.push(runs);
  }
  return kept;
}

/** Hashes of the runs of three, 30 bits: two texts that share a few of them by chance are not taken for each other. */
function runsOf(terms: readonly string[], numbers: Map<string, number>): Set<number> {
  const numberOf = (term: string): number => {
    const known = numbers.get(term);
    if (known !== undefined) return known;
    numbers.set(term, numbers.size + 1);
    return numbers.size;
  };
  const runs = new Set<number>();
  // A text shorter than one run is like only its equal.
  if (terms.length < RUN) return runs.add(hashOf(0, 0, numberOf(terms.join(' '))));
  let [a, b] = [numberOf(terms[0] as string), numberOf(terms[1] as string)];
  for (let i = RUN - 1; i < terms.length; i++) {
    const c = numberOf(terms[i] as string);
    runs.add(hashOf(a, b, c));
    [a, b] = [b, c];
  }
  return runs;
}

const hashOf = (a: number, b: number, c: number): number =>
  (Math.imul(Math.imul(Math.imul(a, 0x9e3779b1) + b, 0x85ebca6b) + c, 0xc2b2ae35) >>> 2) & 0x3fffffff;

/** Whether the Jaccard likeness is at least `likeness`; sets whose sizes differ too much are not looked into. */
function alike(a: ReadonlySet<number>, b: ReadonlySet<number>, likeness: number): boolean {
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
