// Words and meaning in one index: what the librarian searches and what `cortex evaluate retrieval` scores.
// The one thing to know: it knows no encoder. Vectors come with the documents and with the question; without them it answers by words.
import { Bm25Index, type Bm25Options, type Hit, type SearchOptions } from './bm25-index.js';
import { DenseIndex } from './dense-index.js';
import { FUSION_DEPTH, fuseScores } from './fusion.js';

export interface HybridOptions extends Bm25Options {
  /** Length of the vectors. Default: none, words alone. */
  dimensions?: number | undefined;
  /** Share of meaning against words, 0 … 1, as `tuneWeight` finds it. Default .5. */
  weight?: number | undefined;
}

export interface SearchDocument {
  id: string;
  title?: string | undefined;
  text: string;
  /** Unit vectors of its passages (`titledPassages`). Without any it is found by words alone. */
  vectors?: readonly Float32Array[] | undefined;
}

export interface Question {
  text: string;
  /** Unit vector of the text. Without it words alone answer. */
  vector?: Float32Array | undefined;
}

export interface HybridSearchOptions extends SearchOptions {
  /** Which half answers. Default 'hybrid'. */
  by?: 'hybrid' | 'words' | 'meaning';
  /** Default: the index's own. */
  weight?: number;
}

export const DEFAULT_WEIGHT = 0.5;

export class HybridIndex {
  private readonly words: Bm25Index;
  private readonly meaning: DenseIndex | undefined;
  /** May be set at any time. */
  weight: number;

  constructor({ dimensions, weight = DEFAULT_WEIGHT, ...bm25 }: HybridOptions = {}) {
    this.words = new Bm25Index(bm25);
    this.meaning = dimensions ? new DenseIndex(dimensions) : undefined;
    this.weight = weight;
  }

  get size(): number {
    return this.words.size;
  }

  /** Adds a document, or replaces the one of the same id. */
  add({ id, title = '', text, vectors }: SearchDocument): void {
    this.words.add(id, text, title);
    if (vectors?.length) this.meaning?.add(id, vectors);
    else this.meaning?.remove(id);
  }

  /** False when there was none of this id. */
  remove(id: string): boolean {
    this.meaning?.remove(id);
    return this.words.remove(id);
  }

  /** Copies of the vectors of a document's passages; undefined where it has none. */
  vectorsOf(id: string): Float32Array[] | undefined {
    return this.meaning?.vectorsOf(id);
  }

  /** Best first. Scores compare within one answer only. */
  search({ text, vector }: Question, options: HybridSearchOptions = {}): Hit[] {
    const { most = 10, without, by = 'hybrid', weight = this.weight } = options;
    const { words, meaning } = this;
    const only = without ? { without } : {};
    if (by === 'words' || !meaning || !vector) return by === 'meaning' ? [] : words.search(text, { most, ...only });
    if (by === 'meaning') return meaning.search(vector, { most, ...only });
    const depth = { most: Math.max(FUSION_DEPTH, most), ...only };
    const near = meaning.search(vector, depth);
    const wordScores = new Map(near.map(({ id }) => [id, 0]));
    const said = words.searchWeighted(words.weigh(text), depth, wordScores);
    for (const { id, score } of said) wordScores.set(id, score);
    const cosines = new Map(near.map(({ id, score }) => [id, score]));
    // A document without vectors is as far as the farthest that was looked at: no worse than any other that is not near.
    const farthest = near.at(-1)?.score ?? 0;
    const fused = fuseScores(
      { hits: said, scoreOf: (id) => wordScores.get(id) ?? 0 },
      { hits: near, scoreOf: (id) => cosines.get(id) ?? meaning.similarity(id, vector) ?? farthest },
      weight,
    );
    return fused.slice(0, most);
  }
}
