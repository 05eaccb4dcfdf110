// Texts as sparse TF-IDF vectors over a vocabulary of grams.
// The one thing to know: words and characters are each scaled to length 1 and then put side by side, so neither drowns the other.
import { type Grams, gramsOf } from './grams.js';
import { HashTable } from './hash-table.js';

/** Compressed sparse rows: row r holds `columns` and `values` from starts[r] to starts[r + 1]. */
export interface SparseRows {
  count: number;
  width: number;
  starts: Int32Array;
  columns: Int32Array;
  values: Float32Array;
}

export interface VocabularyOptions {
  /** Most frequent grams kept, of words and of characters each. Default 60,000. */
  limit?: number;
  /** Also use character grams. Default true. */
  characters?: boolean;
}

/** The parts that are saved: feature i has the hash hashes[i] and the weight idf[i]; the first `words` are word grams. */
export interface VocabularyData {
  words: number;
  hashes: Uint32Array;
  idf: Float32Array;
}

export class Vocabulary {
  readonly width: number;
  readonly #index: HashTable;
  readonly #frequency: Float32Array;
  #touched = new Int32Array(1024);

  constructor(readonly data: VocabularyData) {
    this.width = data.hashes.length;
    this.#index = new HashTable(this.width);
    for (let i = 0; i < this.width; i++) this.#index.set(key(data.hashes[i]!, i < data.words), i + 1);
    this.#frequency = new Float32Array(this.width);
  }

  /** Learns which grams to keep and how rare each is. Ties are cut by hash, so the same texts give the same vocabulary. */
  static learn(texts: readonly string[], options: VocabularyOptions = {}): Vocabulary {
    const { limit = 60_000, characters = true } = options;
    const counts = [new HashTable(1 << 14), new HashTable(1 << 16)] as const;
    const last = [new HashTable(1 << 14), new HashTable(1 << 16)] as const;
    texts.forEach((text, row) => {
      const grams = gramsOf(text);
      countOnce(grams.words, row + 1, counts[0], last[0]);
      if (characters) countOnce(grams.characters, row + 1, counts[1], last[1]);
    });
    const kept = counts.map((count) => {
      const pairs: [hash: number, rows: number][] = [];
      count.forEach((hash, rows) => {
        pairs.push([hash, rows]);
      });
      return pairs.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
    });
    const all = kept.flat();
    const idf = Float32Array.from(all, ([, rows]) => Math.log((1 + texts.length) / (1 + rows)) + 1);
    return new Vocabulary({ words: kept[0]!.length, hashes: Uint32Array.from(all, ([hash]) => hash), idf });
  }

  /** One text's features, ascending by column; `known` is the share of its grams (by kind) that the vocabulary has. */
  row(text: string): { columns: Int32Array; values: Float32Array; known: [words: number, characters: number] } {
    const grams = gramsOf(text);
    const words = this.#count(grams.words, true, 0);
    const total = this.#count(grams.characters, false, words.end);
    const columns = this.#touched.slice(0, total.end);
    columns.subarray(0, words.end).sort();
    columns.subarray(words.end).sort();
    const values = new Float32Array(total.end);
    this.#fill(columns, values, 0, words.end);
    this.#fill(columns, values, words.end, total.end);
    return { columns, values, known: [share(words.known, grams.words), share(total.known, grams.characters)] };
  }

  rows(texts: readonly string[]): SparseRows {
    const parts = texts.map((text) => this.row(text));
    const starts = new Int32Array(texts.length + 1);
    parts.forEach((part, r) => {
      starts[r + 1] = starts[r]! + part.columns.length;
    });
    const columns = new Int32Array(starts[texts.length]!);
    const values = new Float32Array(columns.length);
    parts.forEach((part, r) => {
      columns.set(part.columns, starts[r]!);
      values.set(part.values, starts[r]!);
    });
    return { count: texts.length, width: this.width, starts, columns, values };
  }

  /** Column of a gram's hash, or −1. */
  column(hash: number, isWord: boolean): number {
    return this.#index.get(key(hash, isWord)) - 1;
  }

  #count(hashes: Uint32Array, isWord: boolean, from: number): { end: number; known: number } {
    if (this.#touched.length < from + hashes.length) {
      const larger = new Int32Array((from + hashes.length) * 2);
      larger.set(this.#touched);
      this.#touched = larger;
    }
    let end = from;
    let known = 0;
    for (let i = 0; i < hashes.length; i++) {
      const column = this.column(hashes[i]!, isWord);
      if (column < 0) continue;
      known++;
      if (this.#frequency[column] === 0) this.#touched[end++] = column;
      this.#frequency[column]! += 1;
    }
    return { end, known };
  }

  /** Sublinear term frequency × rarity, scaled to length 1; leaves the counters at zero again. */
  #fill(columns: Int32Array, values: Float32Array, from: number, to: number): void {
    let squares = 0;
    for (let i = from; i < to; i++) {
      const column = columns[i]!;
      const value = (1 + Math.log(this.#frequency[column]!)) * this.data.idf[column]!;
      this.#frequency[column] = 0;
      values[i] = value;
      squares += value * value;
    }
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = from; i < to; i++) values[i]! *= scale;
  }
}

/** Word and character grams live in one table; the lowest bit tells them apart. */
function key(hash: number, isWord: boolean): number {
  return isWord ? (hash | 1) >>> 0 : (hash & ~1) >>> 0;
}

function countOnce(hashes: Uint32Array, row: number, counts: HashTable, last: HashTable): void {
  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i]!;
    if (last.get(hash) === row) continue;
    last.set(hash, row);
    counts.set(hash, counts.get(hash) + 1);
  }
}

function share(known: number, hashes: Grams['words']): number {
  return hashes.length ? known / hashes.length : 0;
}
