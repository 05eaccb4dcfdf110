// What every store of the librarian can do. The one thing to know: a store keeps rows and answers by words, by meaning and by filter; what the
// answers are worth together is decided outside of it, so that every store gives the same ranking.
import type { Collection, Trust } from '@cortex/schemas';

/** Length of vectors where no encoder says otherwise. */
export const DEFAULT_DIMENSIONS = 384;

/** One passage with all that is needed to find, cite and weigh it. */
export interface ChunkRow {
  /** 32 hexadecimal digits over everything that makes it this passage of this file. */
  id: string;
  /** `owner/name` where it has a remote, else the folder's name. */
  repository: string;
  /** Path below the repository with `/`; id of an issue; key of a pattern. */
  path: string;
  /** Programming or markup language, `issue`, `pattern`. */
  language: string;
  /** function, class, section, lines, issue, comment, change, pattern … */
  kind: string;
  /** Name of the function, class or section with those around it. Empty where there is none. */
  symbol: string;
  /** Where it stands, for people and for the encoder. */
  title: string;
  text: string;
  /** Its search terms joined by blanks: what words are matched against. */
  terms: string;
  start_line: number;
  end_line: number;
  /** Commit the text was read at, empty outside of git. */
  commit: string;
  /** When it last changed, milliseconds since the epoch. */
  changed_at: number;
  trust: Trust;
  /** SHA-256 of the text. */
  hash: string;
  /** Names text and symbol without their place: rows of the same key have the same meaning, so a rename needs no new vector. */
  meaning: string;
  /** SHA-256 of the whole file it was cut from. */
  file_hash: string;
  /** How many passages the file has: fewer in the store means that writing was cut short. */
  passages: number;
  /** Tokens of the text. */
  tokens: number;
  /** Imports, mentions and definitions as JSON: what the graph is made of. */
  links: string;
  /** Whether the vector says anything; false where there was no encoder. */
  embedded: boolean;
  /** Unit vector, all zero when not embedded. */
  vector: Float32Array;
}

/** Which rows: all conditions must hold. */
export interface RowFilter {
  ids?: readonly string[];
  repository?: string;
  paths?: readonly string[];
  /** Glob (`*`, `**`, `?`), or a folder. */
  path?: string;
  language?: string;
  kind?: string;
  /** Milliseconds since the epoch. */
  since?: number;
  until?: number;
  trust?: readonly Trust[];
  meanings?: readonly string[];
  /** Not these rows. */
  notIds?: readonly string[];
  embedded?: boolean;
}

export interface StoreHit {
  /** Where the row lies now, for {@link Store.take}. Not for keeping: a store that is put in order moves its rows. */
  key: string;
  /** Higher is better: BM25 by words, cosine by meaning. */
  score: number;
}

export type Column = Exclude<keyof ChunkRow, never>;

export interface Store {
  readonly kind: 'lancedb' | 'milvus';
  /** Folder or address. */
  readonly where: string;
  readonly dimensions: number;
  /** Adds rows, or replaces those of the same id. They are found once it resolves. */
  put(collection: Collection, rows: readonly ChunkRow[]): Promise<void>;
  remove(collection: Collection, filter: RowFilter): Promise<void>;
  /** Rows with some of their columns, a few thousand at a time: never all in memory. */
  scan<C extends Column>(
    collection: Collection,
    columns: readonly C[],
    filter?: RowFilter,
  ): AsyncIterable<Pick<ChunkRow, C>[]>;
  /** By words: `terms` joined by blanks. */
  words(collection: Collection, terms: string, most: number, filter?: RowFilter): Promise<StoreHit[]>;
  /** By meaning; rows without a vector are not answered. */
  near(collection: Collection, vector: Float32Array, most: number, filter?: RowFilter): Promise<StoreHit[]>;
  /** Rows of hits, by key and without vectors. One that was moved or removed since it was found is not among them. */
  take(collection: Collection, keys: readonly string[]): Promise<Map<string, ChunkRow>>;
  /** The nearest rows whole, best first, in one question: for few. Without vectors. */
  nearest(collection: Collection, vector: Float32Array, most: number, filter?: RowFilter): Promise<ChunkRow[]>;
  /** Without vectors unless asked for: most of a row's bytes are its vector. */
  get(collection: Collection, ids: readonly string[], vectors?: boolean): Promise<ChunkRow[]>;
  count(collection: Collection): Promise<number>;
  /** Differs whenever the rows differ. */
  version(collection: Collection): Promise<string>;
  /** After many changes: brings its indexes up to date and frees space. */
  settle(collection: Collection): Promise<void>;
  close(): Promise<void>;
}
