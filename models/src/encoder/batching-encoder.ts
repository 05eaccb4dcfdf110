// What every encoder does around its model: remember vectors, encode a text once however many ask for it,
// gather what waits together, give up what nobody waits for.
// The one thing to know: calls share work, so aborting one call drops only texts that no other call waits for.
import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EncodeOptions, Encoder } from './encoder.js';
import { EncoderBusy, EncoderClosed, EncoderShapeMismatch } from './errors.js';
import { type BiteLimits, Lanes, type Waiting } from './lanes.js';
import { MemoryVectors } from './memory-vectors.js';

/** The model behind the batching: one vector of length 1 for each text. */
export interface EncoderBackend {
  readonly id: string;
  readonly dimensions: number;
  run(texts: readonly string[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** A slower, longer memory than the one in the process. It must not throw: without it the texts are encoded. */
export interface VectorStore {
  lookup(keys: readonly string[]): Promise<Map<string, Float32Array>>;
  store(entries: ReadonlyMap<string, Float32Array>): Promise<void>;
  close(): Promise<void>;
  /** Why it is not used any more; undefined while all is well. */
  readonly problem: Error | undefined;
}

export interface BatchingOptions extends BiteLimits {
  /** Bites in work at the same time. */
  concurrency: number;
  /** Vectors kept in memory. */
  cacheEntries: number;
  /** Texts that may wait before further calls are refused with EncoderBusy. */
  maxWaiting: number;
}

/** What an encoder did since it was started. */
export interface EncoderStats {
  /** Texts asked for, and where their vectors came from. */
  texts: number;
  memoryHits: number;
  storeHits: number;
  /** Texts that another call was already waiting for. */
  joined: number;
  encoded: number;
  bites: number;
  waiting: number;
}

/** Calls with at most this many new texts go before longer ones. */
const URGENT_TEXTS = 16;
/** Keys made before the event loop gets a turn. */
const KEYS_PER_TURN = 1000;

interface Item extends Waiting {
  readonly key: string;
  readonly vector: Promise<Float32Array>;
  resolve(vector: Float32Array): void;
  reject(error: unknown): void;
  callers: number;
  /** `fresh` until it is in a lane, then `waiting`, then `running`. */
  state: 'fresh' | 'waiting' | 'running';
}

export class BatchingEncoder implements Encoder {
  readonly id: string;
  readonly dimensions: number;
  private readonly memory: MemoryVectors;
  private readonly lanes: Lanes<Item>;
  private readonly pending = new Map<string, Item>();
  private readonly counts = { texts: 0, memoryHits: 0, storeHits: 0, joined: 0, encoded: 0, bites: 0 };
  private running = 0;
  private pumping = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly backend: EncoderBackend,
    private readonly options: BatchingOptions,
    private readonly store?: VectorStore,
  ) {
    this.id = backend.id;
    this.dimensions = backend.dimensions;
    this.memory = new MemoryVectors(options.cacheEntries);
    this.lanes = new Lanes(options);
  }

  stats(): EncoderStats {
    return { ...this.counts, waiting: this.pending.size };
  }

  /** Why vectors are not kept on disk any more (disk full, no permission); undefined while all is well. */
  get cacheProblem(): Error | undefined {
    return this.store?.problem;
  }

  async encode(texts: readonly string[], { signal }: EncodeOptions = {}): Promise<Float32Array[]> {
    if (this.closing) throw new EncoderClosed();
    signal?.throwIfAborted();
    if (this.pending.size >= this.options.maxWaiting) throw new EncoderBusy(this.pending.size, this.options.maxWaiting);
    this.counts.texts += texts.length;

    const found: (Float32Array | Item)[] = [];
    const mine = new Set<Item>();
    const fresh: Item[] = [];
    for (const text of texts) {
      const key = hash('sha256', `${this.id}\0${text}`, 'hex');
      const known = this.memory.get(key);
      if (known) {
        this.counts.memoryHits++;
        found.push(known.slice());
      } else {
        const item = this.pending.get(key) ?? this.begin(key, text, fresh);
        found.push(item);
        if (!mine.has(item)) item.callers++;
        mine.add(item);
      }
      if (found.length % KEYS_PER_TURN === 0) await nextTurn();
    }
    if (mine.size === 0) return found as Float32Array[];
    this.counts.joined += mine.size - fresh.length;
    const urgent = mine.size <= URGENT_TEXTS;
    // Joining a text that waits in a long call must not mean waiting for that call.
    if (urgent) for (const item of mine) if (item.state === 'waiting') this.lanes.push(item, true);
    if (this.closing) for (const item of fresh) this.fail(item, new EncoderClosed());
    void this.lookUpThenQueue(fresh, urgent);

    const vectors = Promise.all(
      found.map((entry) => (entry instanceof Float32Array ? entry : entry.vector.then((vector) => vector.slice()))),
    );
    return signal ? await this.untilAborted(vectors, signal, mine) : await vectors;
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      this.lanes.drain();
      for (const item of [...this.pending.values()]) this.fail(item, new EncoderClosed());
      await this.backend.close();
      await this.store?.close();
      this.memory.clear();
    })();
    return this.closing;
  }

  private begin(key: string, text: string, fresh: Item[]): Item {
    const { promise, resolve, reject } = withResolvers<Float32Array>();
    // Whoever waits sees the failure through its own call; a text nobody waits for any more may fail unseen.
    promise.catch(() => undefined);
    const item: Item = { key, text, vector: promise, resolve, reject, callers: 0, gone: false, state: 'fresh' };
    this.pending.set(key, item);
    fresh.push(item);
    return item;
  }

  private async lookUpThenQueue(fresh: readonly Item[], urgent: boolean): Promise<void> {
    if (this.store && fresh.length > 0) {
      const stored = await this.store.lookup(fresh.map((item) => item.key));
      for (const item of fresh) {
        const vector = stored.get(item.key);
        if (!vector || this.pending.get(item.key) !== item) continue;
        this.counts.storeHits++;
        this.finish(item, vector);
      }
    }
    const rest = fresh.filter((item) => this.pending.get(item.key) === item);
    // Texts of like length side by side: less padding in the model's batches.
    for (const item of urgent ? rest : rest.sort((a, b) => a.text.length - b.text.length)) {
      item.state = 'waiting';
      this.lanes.push(item, urgent);
    }
    this.wake();
  }

  /** Calls of the same moment shall share a bite: the first one waits until they all had their say. */
  private wake(): void {
    if (this.pumping) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      while (!this.closing && this.running < this.options.concurrency) {
        const bite = this.lanes.take();
        if (bite.length === 0) return;
        void this.work(bite);
      }
    });
  }

  private async work(bite: readonly Item[]): Promise<void> {
    this.running++;
    for (const item of bite) item.state = 'running';
    try {
      const vectors = await this.backend.run(bite.map((item) => item.text));
      this.counts.bites++;
      this.counts.encoded += bite.length;
      const entries = new Map<string, Float32Array>();
      bite.forEach((item, k) => {
        const vector = vectors[k];
        if (vector?.length !== this.dimensions) {
          throw new EncoderShapeMismatch(`${this.dimensions} numbers`, `${vector?.length ?? 0} numbers`);
        }
        this.finish(item, vector);
        entries.set(item.key, vector);
      });
      void this.store?.store(entries);
    } catch (error) {
      for (const item of bite) this.fail(item, error);
    } finally {
      this.running--;
      this.wake();
    }
  }

  private finish(item: Item, vector: Float32Array): void {
    this.memory.set(item.key, vector);
    if (this.pending.get(item.key) === item) this.pending.delete(item.key);
    item.resolve(vector);
  }

  private fail(item: Item, error: unknown): void {
    if (this.pending.get(item.key) === item) this.pending.delete(item.key);
    item.gone = true;
    item.reject(error);
  }

  private async untilAborted<T>(work: Promise<T>, signal: AbortSignal, mine: ReadonlySet<Item>): Promise<T> {
    const { promise: aborted, reject } = withResolvers<never>();
    const giveUp = () => {
      for (const item of mine) {
        item.callers--;
        if (item.callers === 0 && item.state !== 'running') this.fail(item, signal.reason);
      }
      reject(signal.reason);
    };
    work.catch(() => undefined);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
