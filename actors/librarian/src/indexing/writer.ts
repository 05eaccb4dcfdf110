// Rows into the store, in batches: vectors that are known already are used again, the others are made, then what they replace is removed.
// The one thing to know: new rows stand before old ones go, and a file's rows carry how many there must be, so a kill at any moment loses nothing:
// the next run sees what is whole and does the rest.
import type { Encoder } from '@cortex/models';
import type { Collection } from '@cortex/schemas';
import { shownText } from '../chunk/rows.js';
import type { ChunkRow, Store } from '../store/types.js';

/** Rows that are encoded and written together: bounds memory and what a kill costs. */
const BATCH = 192;

export interface WriterOptions {
  store: Store;
  encoder: Encoder | undefined;
  /** Write rows before they have vectors, so that their words are found at once. Default false. */
  wordsFirst?: boolean;
  signal?: AbortSignal;
  onWritten?: (rows: number) => void;
}

export interface Written {
  passages: number;
  /** Vectors made; the others were known. */
  embedded: number;
}

export class RowWriter {
  private waiting: ChunkRow[] = [];
  readonly written: Written = { passages: 0, embedded: 0 };

  constructor(
    private readonly collection: Collection,
    private readonly options: WriterOptions,
  ) {}

  /** All rows of one file. */
  async add(rows: readonly ChunkRow[]): Promise<void> {
    this.waiting.push(...rows);
    if (this.waiting.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.waiting;
    this.waiting = [];
    if (rows.length === 0) return;
    const { store, encoder, wordsFirst } = this.options;
    if (encoder) await this.reuse(rows);
    const without = rows.filter((row) => !row.embedded);
    if (!encoder || (wordsFirst && without.length > 0)) {
      await store.put(this.collection, rows);
      await this.replace(rows);
    }
    if (encoder && without.length > 0) {
      for (let at = 0; at < without.length; at += 64) {
        const part = without.slice(at, at + 64);
        const vectors = await encoder.encode(
          part.map(shownText),
          this.options.signal ? { signal: this.options.signal } : {},
        );
        part.forEach((row, i) => {
          row.vector = vectors[i] ?? row.vector;
          row.embedded = true;
        });
        this.written.embedded += part.length;
        this.options.onWritten?.(part.length);
      }
    }
    if (encoder) {
      await store.put(this.collection, rows);
      await this.replace(rows);
    }
    this.written.passages += rows.length;
    this.options.onWritten?.(encoder ? rows.length - without.length : rows.length);
  }

  /** Same text under the same name: the vector is there already, whatever the file is called now. */
  private async reuse(rows: readonly ChunkRow[]): Promise<void> {
    const known = new Map<string, Float32Array>();
    const meanings = [...new Set(rows.map((row) => row.meaning))];
    for await (const found of this.options.store.scan(this.collection, ['meaning', 'vector'], {
      meanings,
      embedded: true,
    }))
      for (const { meaning, vector } of found) known.set(meaning, vector);
    for (const row of rows) {
      const vector = known.get(row.meaning);
      if (!vector) continue;
      row.vector = vector;
      row.embedded = true;
    }
  }

  private async replace(rows: readonly ChunkRow[]): Promise<void> {
    const byRepository = new Map<string, ChunkRow[]>();
    for (const row of rows) byRepository.set(row.repository, [...(byRepository.get(row.repository) ?? []), row]);
    for (const [repository, own] of byRepository)
      await this.options.store.remove(this.collection, {
        repository,
        paths: [...new Set(own.map((row) => row.path))],
        notIds: own.map((row) => row.id),
      });
  }
}
