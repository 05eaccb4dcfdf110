// Vectors on disk, so that thousands of examples need not be encoded again after a restart.
// The one thing to know: a file is only ever appended to, several processes may do so at once, and every record is
// checked when it is read. A torn or foreign record is skipped; whatever goes wrong here costs time, never truth.
import { hash } from 'node:crypto';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VectorStore } from './batching-encoder.js';
import { VectorSegment } from './vector-segment.js';

export interface VectorFileOptions {
  /** Bytes kept on disk at most, over both generations. Default 256 MiB (160,000 vectors of 384 numbers). */
  maxBytes?: number;
  /** Milliseconds for which a look-up does not ask again what other processes wrote: that costs more than all else it does. Default 250. */
  freshMs?: number;
}

/**
 * Two generations, `ID.vectors` and `ID.vectors.old`: a full file becomes the old one, in place of the one before.
 * What is found in the old one is written to the new one again, so what is in use survives.
 */
export class VectorFile implements VectorStore {
  private readonly path: string;
  private readonly maxBytes: number;
  private readonly freshMs: number;
  private segments: { current: VectorSegment; old: VectorSegment } | undefined;
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private turn: Promise<unknown> = Promise.resolve();
  private failure: Error | undefined;
  private closed = false;

  /** @param id the encoder's: vectors of different encoders must not meet */
  constructor(
    private readonly folder: string,
    id: string,
    private readonly dimensions: number,
    options: VectorFileOptions = {},
  ) {
    this.path = join(folder, `${id.replace(/[^a-zA-Z0-9._-]/g, '_')}-${hash('sha256', id).slice(0, 8)}.vectors`);
    this.freshMs = options.freshMs ?? 250;
    this.maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
  }

  /** Why the file is not used any more (disk full, no permission …); undefined while all is well. */
  get problem(): Error | undefined {
    return this.failure;
  }

  lookup(keys: readonly string[]): Promise<Map<string, Float32Array>> {
    return this.inTurn(new Map<string, Float32Array>(), async () => {
      const fresh = performance.now() - this.refreshedAt < this.freshMs;
      const { current, old } = fresh && this.segments ? this.segments : await this.refresh();
      const found = await current.read(keys);
      const older = await old.read(keys.filter((key) => !found.has(key)));
      if (older.size > 0) await this.append(older);
      for (const [key, vector] of older) found.set(key, vector);
      return found;
    });
  }

  store(entries: ReadonlyMap<string, Float32Array>): Promise<void> {
    return this.inTurn(undefined, async () => {
      const { current } = await this.refresh();
      await this.append(new Map([...entries].filter(([key]) => !current.has(key))));
    });
  }

  async close(): Promise<void> {
    await this.inTurn(undefined, () => this.closeSegments());
    this.closed = true;
  }

  /** One at a time; a failure switches the file off and gives `otherwise`. */
  private inTurn<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(async () => {
      if (this.failure || this.closed) return otherwise;
      try {
        return await work();
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
        await this.closeSegments().catch(() => undefined);
        return otherwise;
      }
    });
    this.turn = result;
    return result;
  }

  /** Opens what is not open, notices when another process made a new generation, and reads what others appended. */
  private async refresh(): Promise<{ current: VectorSegment; old: VectorSegment }> {
    if (this.segments) {
      const onDisk = await stat(this.path).catch(() => undefined);
      if (onDisk?.ino !== this.segments.current.inode) await this.closeSegments();
    }
    if (!this.segments) {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const half = this.maxBytes / 2;
      // 0600: from a vector much of its text can be guessed.
      const current = await VectorSegment.open(await open(this.path, 'a+', 0o600), this.dimensions, half);
      const oldFile = await open(`${this.path}.old`, 'r').catch(() => undefined);
      const old = await VectorSegment.open(oldFile, this.dimensions, half);
      // Nothing is appended to it any more.
      await old.scan();
      this.segments = { current, old };
    }
    await this.segments.current.scan();
    this.refreshedAt = performance.now();
    return this.segments;
  }

  private async append(entries: ReadonlyMap<string, Float32Array>): Promise<void> {
    if (entries.size === 0 || !this.segments) return;
    const bytes = this.segments.current.encode(entries);
    if (this.segments.current.size + bytes.length > this.maxBytes / 2 && this.segments.current.size > 0) {
      await rename(this.path, `${this.path}.old`);
      const { current } = await this.refresh();
      await current.append(bytes);
    } else {
      await this.segments.current.append(bytes);
    }
  }

  private async closeSegments(): Promise<void> {
    const { current, old } = this.segments ?? {};
    this.segments = undefined;
    await current?.close();
    await old?.close();
  }
}
