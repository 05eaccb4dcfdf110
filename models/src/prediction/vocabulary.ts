// The words of a text as a sparse unit vector: word 1–2-grams with TF-IDF weights.
// The one thing to know: a word counts when at least two training texts have it; no target is looked at.
import { foldText, wordHash, wordSpans } from '../experts/lexical/index.js';
import type { SparseRow } from './sparse.js';

const LONGEST_TEXT = 8_000;
const MOST_TERMS = 40_000;

export interface VocabularyState {
  /** Gram hashes and their inverse document frequency, side by side. */
  hashes: Uint32Array;
  weights: Float32Array;
}

export class Vocabulary {
  readonly #columns = new Map<number, number>();

  constructor(readonly state: VocabularyState) {
    state.hashes.forEach((hash, column) => {
      this.#columns.set(hash, column);
    });
  }

  get size(): number {
    return this.state.hashes.length;
  }

  static fit(texts: readonly string[]): Vocabulary {
    const rowsWith = new Map<number, number>();
    for (const text of texts) {
      for (const gram of new Set(wordGrams(text))) rowsWith.set(gram, (rowsWith.get(gram) ?? 0) + 1);
    }
    const kept = [...rowsWith]
      .filter(([, rows]) => rows >= 2)
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, MOST_TERMS);
    return new Vocabulary({
      hashes: Uint32Array.from(kept, ([hash]) => hash),
      weights: Float32Array.from(kept, ([, rows]) => Math.log((1 + texts.length) / (1 + rows)) + 1),
    });
  }

  /** Unit length, or empty when no word is known. */
  read(text: string): SparseRow {
    const counts = new Map<number, number>();
    for (const gram of wordGrams(text)) {
      const column = this.#columns.get(gram);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    const columns = [...counts.keys()];
    const values = columns.map((c) => (1 + Math.log(counts.get(c)!)) * this.state.weights[c]!);
    const norm = Math.hypot(...values) || 1;
    return { columns, values: values.map((v) => v / norm) };
  }
}

/** Hashes of words and of pairs of neighbouring words, with repeats. */
function wordGrams(text: string): number[] {
  const folded = foldText(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text);
  const spans = wordSpans(folded);
  const grams: number[] = [];
  for (let s = 0; s < spans.length; s += 2) {
    grams.push(wordHash(folded, spans[s]!, spans[s + 1]!));
    if (s + 2 < spans.length) grams.push(wordHash(folded, spans[s]!, spans[s + 1]!, spans[s + 2]!, spans[s + 3]!));
  }
  return grams;
}
