// Which terms of a long question are worth asking for in a large table: looking at a term costs time for every row that has it, and what nearly every row
// has says nothing. Pure.

/** Rows looked at in all, at most: about a hundredth of a second. */
const MOST_LOOKS = 80_000;
/** Terms in one question; more would only cost time. */
const MOST_TERMS = 96;
/** So many are asked for, however frequent. */
const LEAST_TERMS = 3;

/** How many rows have a term, from a sample of them. */
export class TermShares {
  private readonly counts = new Map<string, number>();
  private sampled = 0;

  /** @param terms of one row, joined by blanks */
  add(terms: string): void {
    this.sampled++;
    for (const term of new Set(terms.split(' '))) this.counts.set(term, (this.counts.get(term) ?? 0) + 1);
  }

  /** 0 … 1; of a term that no sampled row has, half of what one row would make it. */
  of(term: string): number {
    return (this.counts.get(term) ?? 0.5) / Math.max(1, this.sampled);
  }
}

/**
 * The rarest first, until looking at all rows that have them would take too long. Measured (docs/results/librarian.md): at eight looks for ten rows nothing is lost on judged questions.
 * @param shares undefined: not known yet, all are asked for
 */
export function worthAsking(terms: readonly string[], shares: TermShares | undefined, rows: number): string[] {
  const different = [...new Set(terms)];
  if (!shares) return different.slice(0, MOST_TERMS);
  const asked: string[] = [];
  let looks = 0;
  for (const { term, share } of different
    .map((term) => ({ term, share: shares.of(term) }))
    .sort((a, b) => a.share - b.share)) {
    looks += share * rows;
    if (asked.length === MOST_TERMS || (asked.length >= LEAST_TERMS && looks > MOST_LOOKS)) break;
    asked.push(term);
  }
  return asked;
}
