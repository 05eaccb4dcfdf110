// Exact search over unit vectors: one or more a document (its passages), the best of them counts.
// The one thing to know: rows are packed, a removed document's rows are filled by the last ones, so a search never walks over holes.
import type { Hit, SearchOptions } from './bm25-index.js';
import { Top } from './top.js';

export class DenseIndex {
  private data: Float32Array;
  private owner: string[] = [];
  private readonly rowsOf = new Map<string, number[]>();

  constructor(readonly dimensions: number) {
    this.data = new Float32Array(64 * dimensions);
  }

  get size(): number {
    return this.rowsOf.size;
  }

  /** Adds a document by the vectors of its passages (each of length 1), or replaces the one of the same id. */
  add(id: string, vectors: readonly Float32Array[]): void {
    this.remove(id);
    const rows: number[] = [];
    for (const vector of vectors) {
      const row = this.owner.length;
      if ((row + 1) * this.dimensions > this.data.length) {
        const grown = new Float32Array(Math.ceil(this.data.length * 1.5));
        grown.set(this.data);
        this.data = grown;
      }
      this.data.set(vector, row * this.dimensions);
      this.owner.push(id);
      rows.push(row);
    }
    this.rowsOf.set(id, rows);
  }

  remove(id: string): boolean {
    const rows = this.rowsOf.get(id);
    if (!rows) return false;
    this.rowsOf.delete(id);
    for (const row of [...rows].sort((a, b) => b - a)) {
      const last = this.owner.length - 1;
      const moved = this.owner[last]!;
      if (row !== last) {
        this.data.copyWithin(row * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions);
        this.owner[row] = moved;
        const theirs = this.rowsOf.get(moved)!;
        theirs[theirs.indexOf(last)] = row;
      }
      this.owner.pop();
    }
    return true;
  }

  /** Passages' vectors of a document; undefined when there is none of this id. Copies. */
  vectorsOf(id: string): Float32Array[] | undefined {
    const { dimensions } = this;
    return this.rowsOf.get(id)?.map((row) => this.data.slice(row * dimensions, (row + 1) * dimensions));
  }

  /** Cosine of the question and the document's nearest passage; undefined when there is none of this id. */
  similarity(id: string, vector: Float32Array): number | undefined {
    const rows = this.rowsOf.get(id);
    return rows?.reduce((best, row) => Math.max(best, this.dot(row, vector)), -1);
  }

  /** Best first, by cosine. */
  search(vector: Float32Array, { most = 10, without }: SearchOptions = {}): Hit[] {
    const spare = this.owner.length - this.rowsOf.size;
    // Other passages of one document take places of the heap; ask again with more room when too few documents are left.
    for (
      let room = Math.min(this.owner.length, most * (spare ? 2 : 1));
      ;
      room = Math.min(this.owner.length, room * 4)
    ) {
      const hits = this.once(vector, room, most, without);
      if (hits.length >= Math.min(most, this.rowsOf.size) || room >= this.owner.length) return hits;
    }
  }

  private once(vector: Float32Array, room: number, most: number, without?: (id: string) => boolean): Hit[] {
    const top = new Top(room);
    const { owner } = this;
    for (let row = 0; row < owner.length; row++) {
      const score = this.dot(row, vector);
      if (!without?.(owner[row]!)) top.offer(row, score);
    }
    const ranked = top.ranked();
    const hits = new Map<string, number>();
    for (let i = 0; i < ranked.rows.length && hits.size < most; i++) {
      const id = owner[ranked.rows[i]!]!;
      if (!hits.has(id)) hits.set(id, ranked.scores[i]!);
    }
    return Array.from(hits, ([id, score]) => ({ id, score }));
  }

  private dot(row: number, vector: Float32Array): number {
    const { data, dimensions } = this;
    let at = row * dimensions;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    const fours = dimensions & ~3;
    for (let i = 0; i < fours; i += 4, at += 4) {
      a += data[at]! * vector[i]!;
      b += data[at + 1]! * vector[i + 1]!;
      c += data[at + 2]! * vector[i + 2]!;
      d += data[at + 3]! * vector[i + 3]!;
    }
    for (let i = fours; i < dimensions; i++) a += data[at++]! * vector[i]!;
    return a + b + c + d;
  }
}
