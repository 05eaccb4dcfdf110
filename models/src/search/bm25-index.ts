// An inverted index with BM25 over title and text, to which documents come and from which they go while it is asked.
// The one thing to know: a removed document stays in the lists, marked, until a quarter is marked; every figure (how many documents have a term,
// the mean lengths) counts the living only, so the ranking is that of an index that never had it.
// Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009); fields as in BM25F.
import { Postings } from './postings.js';
import { searchTerms } from './tokens.js';
import { Top } from './top.js';

export interface Bm25Options {
  /** How fast repeated words stop counting. Default 1.2. */
  k1?: number;
  /** How much long texts are held back, 0 … 1. Default 0.75. */
  b?: number;
  /** What a word in the title counts against one in the text. Default 2. */
  titleWeight?: number;
  /** How fast words repeated in the question stop counting. Default 8. */
  k3?: number;
  /** Terms of a question that are looked up, the rarest and most repeated first. Bounds the time of a long question. Default 192. */
  mostTerms?: number;
}

export interface Hit {
  id: string;
  score: number;
}

export interface SearchOptions {
  /** Documents wanted. Default 10. */
  most?: number;
  /** Documents that must not be answered. Default: none. */
  without?: (id: string) => boolean;
}

/** A share of marked documents above this is swept out. */
const SWEEP = 0.25;

export class Bm25Index {
  private readonly terms = new Map<string, Postings>();
  private readonly rowOf = new Map<string, number>();
  private ids: string[] = [];
  private titleLengths = new Uint32Array(64);
  private textLengths = new Uint32Array(64);
  private gone = new Uint8Array(64);
  private goneCount = 0;
  private titleTotal = 0;
  private textTotal = 0;
  private scores = new Float64Array(64);

  private readonly settings: Required<Bm25Options>;

  constructor(options: Bm25Options = {}) {
    this.settings = { k1: 1.2, b: 0.75, titleWeight: 2, k3: 8, mostTerms: 192, ...options };
  }

  get size(): number {
    return this.rowOf.size;
  }

  has(id: string): boolean {
    return this.rowOf.has(id);
  }

  /** Adds a document, or replaces the one of the same id. */
  add(id: string, text: string, title = ''): void {
    this.remove(id);
    const row = this.ids.length;
    if (row === this.gone.length) this.grow();
    const inTitle = countTerms(title);
    const inText = countTerms(text);
    for (const [term, count] of inText.counts) this.postings(term).add(row, inTitle.counts.get(term) ?? 0, count);
    for (const [term, count] of inTitle.counts) if (!inText.counts.has(term)) this.postings(term).add(row, count, 0);
    this.ids.push(id);
    this.rowOf.set(id, row);
    this.gone[row] = 0;
    this.titleLengths[row] = inTitle.length;
    this.textLengths[row] = inText.length;
    this.titleTotal += inTitle.length;
    this.textTotal += inText.length;
  }

  /** False when there was none of this id. */
  remove(id: string): boolean {
    const row = this.rowOf.get(id);
    if (row === undefined) return false;
    this.rowOf.delete(id);
    this.gone[row] = 1;
    this.goneCount++;
    this.titleTotal -= this.titleLengths[row]!;
    this.textTotal -= this.textLengths[row]!;
    if (this.goneCount > 64 && this.goneCount > this.ids.length * SWEEP) this.sweep();
    return true;
  }

  /** Best first; documents that share no term with the question are not answered. Equal scores: in the order of adding. */
  search(question: string, { most = 10, without }: SearchOptions = {}): Hit[] {
    return this.searchWeighted(this.weigh(question), { most, ...(without && { without }) });
  }

  /** The question's terms with their weight (how often it has them, saturating), as `searchWeighted` takes them. */
  weigh(question: string): Map<string, number> {
    const { k3 } = this.settings;
    const { counts } = countTerms(question);
    const weights = new Map<string, number>();
    for (const [term, count] of counts) weights.set(term, ((k3 + 1) * count) / (k3 + count));
    return weights;
  }

  /** Inverse document frequency of a term, 0 for one that no document has. */
  idf(term: string): number {
    const postings = this.terms.get(term);
    const having = postings ? this.having(postings) : 0;
    return having ? Math.log(1 + (this.size - having + 0.5) / (having + 0.5)) : 0;
  }

  /** As `search`, for weighted terms; `scoresOf` is filled with the scores of the documents it has as keys, whatever their rank. */
  searchWeighted(
    weights: ReadonlyMap<string, number>,
    { most = 10, without }: SearchOptions = {},
    scoresOf?: Map<string, number>,
  ): Hit[] {
    const { scores, gone, ids } = this;
    const touched: number[] = [];
    for (const [term, weight] of this.strongest(weights)) this.score(term, weight, touched);
    for (const id of scoresOf?.keys() ?? []) scoresOf?.set(id, scores[this.rowOf.get(id) ?? -1] ?? 0);
    const top = new Top(Math.min(most, touched.length));
    // Ascending rows are not needed: the heap settles ties by row.
    for (const row of touched) {
      if (!gone[row] && !without?.(ids[row]!)) top.offer(row, scores[row]!);
      scores[row] = 0;
    }
    const ranked = top.ranked();
    return Array.from(ranked.rows, (row, i) => ({ id: ids[row]!, score: ranked.scores[i]! }));
  }

  private strongest(weights: ReadonlyMap<string, number>): [string, number][] {
    const weighted: [string, number][] = [];
    for (const [term, weight] of weights) {
      const idf = this.idf(term);
      if (idf > 0) weighted.push([term, weight * idf]);
    }
    const { mostTerms } = this.settings;
    if (weighted.length <= mostTerms) return weighted;
    return weighted.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, mostTerms);
  }

  private score(term: string, weight: number, touched: number[]): void {
    const { k1, b, titleWeight } = this.settings;
    const { rows, titles, texts, length } = this.terms.get(term)!;
    const { scores, titleLengths, textLengths, gone } = this;
    const perTitle = b / Math.max(1, this.titleTotal / this.size);
    const perText = b / Math.max(1, this.textTotal / this.size);
    for (let i = 0; i < length; i++) {
      const row = rows[i]!;
      if (gone[row]) continue;
      let tf = texts[i]! / (1 - b + perText * textLengths[row]!);
      if (titles[i]) tf += (titleWeight * titles[i]!) / (1 - b + perTitle * titleLengths[row]!);
      if (scores[row] === 0) touched.push(row);
      scores[row]! += (weight * (tf * (k1 + 1))) / (k1 + tf);
    }
  }

  private having(postings: Postings): number {
    return this.goneCount ? postings.alive(this.gone) : postings.length;
  }

  private postings(term: string): Postings {
    let found = this.terms.get(term);
    if (!found) {
      found = new Postings();
      this.terms.set(term, found);
    }
    return found;
  }

  private sweep(): void {
    const renumbered = new Int32Array(this.ids.length);
    const ids: string[] = [];
    for (let row = 0; row < this.ids.length; row++) {
      if (this.gone[row]) {
        renumbered[row] = -1;
        continue;
      }
      const next = ids.length;
      renumbered[row] = next;
      ids.push(this.ids[row]!);
      this.rowOf.set(this.ids[row]!, next);
      this.titleLengths[next] = this.titleLengths[row]!;
      this.textLengths[next] = this.textLengths[row]!;
    }
    for (const [term, postings] of this.terms) {
      postings.renumber(renumbered);
      if (!postings.length) this.terms.delete(term);
    }
    this.ids = ids;
    this.gone.fill(0);
    this.goneCount = 0;
  }

  private grow(): void {
    const size = this.gone.length * 2;
    const copy = <A extends Uint32Array | Uint8Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.titleLengths = copy(this.titleLengths, new Uint32Array(size));
    this.textLengths = copy(this.textLengths, new Uint32Array(size));
    this.gone = copy(this.gone, new Uint8Array(size));
    this.scores = new Float64Array(size);
  }
}

function countTerms(text: string): { counts: Map<string, number>; length: number } {
  const terms = searchTerms(text);
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return { counts, length: terms.length };
}
