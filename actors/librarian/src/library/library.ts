// The library: a store with the encoder that fits it, and what it learnt about itself. Commands and the actor open the same one.
// The one thing to know: the encoder is opened when it is first needed, so that a library is there at once.
import { join } from 'node:path';
import { type Encoder, INDEX_ENCODER, loadEncoder, type TunedWeight, tuneWeight } from '@cortex/models';
import { COLLECTIONS, type Collection } from '@cortex/schemas';
import { SharedGraph } from '../graph/shared-graph.js';
import { openLance } from '../store/lance.js';
import { DEFAULT_DIMENSIONS, type Store } from '../store/types.js';
import { AdaptedQuestions } from './adapted.js';
import { type LibraryMeta, readMeta, weightOf, writeMeta } from './meta.js';

export interface LibraryOptions {
  /** Where the index lies; with a Milvus only what the index knows of itself lies there. */
  folder: string;
  /** Milvus instead of the embedded store, `host:port`. */
  milvus?: string;
  /** Names its collections there. Default cortex. */
  prefix?: string;
  /** Folder of an encoder, an encoder, or none: words alone. */
  encoder?: string | Encoder | undefined;
  /** Vectors on disk, shared by processes. Default: none are kept. */
  vectorFolder?: string;
  /** Folder of the adapter of questions, `embeddings/code/current` of the models. Default: none. */
  adapterFolder?: string;
  /** Whether the first question waits for the graph. Default true; an actor answers without it until it is there. */
  waitForGraph?: boolean;
}

/** The index was made with another encoder. */
export class EncoderChanged extends Error {
  override readonly name = 'EncoderChanged';
  constructor(
    readonly folder: string,
    readonly made: string,
    readonly given: string,
  ) {
    super(
      `the index in ${folder} was made with the encoder ${made}, this is ${given}: remove that folder and index again, or use the other encoder`,
    );
  }
}

/** Questions a collection asks itself, and passages they are asked among. */
const TUNING = { questions: 60, among: 1_500 };
const TUNE_FROM = 200;
/** It is tuned again after it grew or shrank by this much. */
const TUNE_AGAIN = 1.5;

export class Library {
  private opening: Promise<Encoder | undefined> | undefined;
  private meta: LibraryMeta;
  private readAt = 0;
  readonly graph: SharedGraph;
  /** How questions are encoded; what is indexed is encoded as it is. */
  readonly questions: AdaptedQuestions;

  private constructor(
    readonly store: Store,
    private readonly options: LibraryOptions,
  ) {
    this.meta = readMeta(options.folder);
    this.graph = new SharedGraph(store);
    this.questions = new AdaptedQuestions(options.adapterFolder);
  }

  /** @throws StoreUnreachable, StoreMismatch */
  static async open(options: LibraryOptions): Promise<Library> {
    const dimensions = readMeta(options.folder).dimensions ?? DEFAULT_DIMENSIONS;
    if (options.milvus) {
      const { openMilvus } = await import('../store/milvus.js');
      return new Library(
        await openMilvus({ address: options.milvus, prefix: options.prefix ?? 'cortex', dimensions }),
        options,
      );
    }
    return new Library(await openLance({ folder: join(options.folder), dimensions }), options);
  }

  get waitsForGraph(): boolean {
    return this.options.waitForGraph ?? true;
  }

  get folder(): string {
    return this.options.folder;
  }

  /** Undefined where there is none: words alone answer. @throws EncoderChanged */
  async encoder(): Promise<Encoder | undefined> {
    const { encoder, vectorFolder } = this.options;
    if (encoder === undefined || encoder === '') return undefined;
    this.opening ??= (async () => {
      const opened =
        typeof encoder === 'string'
          ? await loadEncoder(encoder, { ...INDEX_ENCODER, ...(vectorFolder ? { cacheFolder: vectorFolder } : {}) })
          : encoder;
      const { encoder: made } = readMeta(this.folder);
      if (made !== undefined && made !== opened.id) throw new EncoderChanged(this.folder, made, opened.id);
      return opened;
    })();
    return this.opening;
  }

  /** Before the first vector is written: from now on only this encoder fits. */
  async claimEncoder(): Promise<Encoder | undefined> {
    const encoder = await this.encoder();
    if (encoder && readMeta(this.folder).encoder === undefined)
      this.meta = writeMeta(this.folder, (meta) => ({ ...meta, encoder: encoder.id, dimensions: encoder.dimensions }));
    return encoder;
  }

  weight(collection: Collection): number {
    // Another process may have tuned it.
    if (Date.now() - this.readAt > 10_000) {
      this.meta = readMeta(this.folder);
      this.readAt = Date.now();
    }
    return weightOf(this.meta, collection);
  }

  /** Learns how much meaning counts against words from the collection's own titles and sentences; when it is due, or at once with `force`. */
  async tune(collection: Collection, force = false): Promise<TunedWeight | undefined> {
    const encoder = await this.encoder();
    const passages = await this.store.count(collection);
    const last = this.meta.weights[collection];
    const due = !last || passages > last.passages * TUNE_AGAIN || passages < last.passages / TUNE_AGAIN;
    if (!encoder || passages < TUNE_FROM || (!due && !force)) return undefined;
    const documents: { id: string; title: string; text: string; vectors: Float32Array[] }[] = [];
    // Spread over the whole collection: every n-th row.
    const step = Math.max(1, Math.floor(passages / TUNING.among));
    let row = 0;
    for await (const rows of this.store.scan(collection, ['id', 'symbol', 'text', 'vector', 'kind'], {
      embedded: true,
    }))
      for (const { id, text, vector, kind, symbol } of rows)
        if (row++ % step === 0) documents.push(asDocument(id, kind, symbol, text, vector));
    const tuned = await tuneWeight(documents, (texts) => this.questions.vectors(encoder, texts), TUNING);
    this.meta = writeMeta(this.folder, (meta) => ({
      ...meta,
      weights: { ...meta.weights, [collection]: { ...tuned, passages } },
    }));
    return tuned;
  }

  async counts(): Promise<Record<Collection, number>> {
    const counts = await Promise.all(COLLECTIONS.map(async (c) => [c, await this.store.count(c)] as const));
    return Object.fromEntries(counts) as Record<Collection, number>;
  }

  /** Differs whenever anything in these collections does. */
  async version(collections: readonly Collection[] = COLLECTIONS): Promise<string> {
    return (await Promise.all(collections.map((c) => this.store.version(c)))).join('.');
  }

  async close(): Promise<void> {
    await (await this.opening?.catch(() => undefined))?.close();
    await this.store.close();
  }
}

const COMMENT = /^\s*(?:\/\*\*?|\*\/?|\/\/+!?|#+|"""|''')\s?|\*\/\s*$/gm;

/** A function's own comment is the question it answers; a section's is its heading; past work's is its first line. */
function asDocument(id: string, kind: string, symbol: string, text: string, vector: Float32Array) {
  const lines = text.split('\n');
  const first = lines[0] ?? '';
  if (kind === 'issue' || kind === 'change')
    return { id, title: first, text: lines.slice(1).join('\n'), vectors: [vector] };
  if (kind === 'section') return { id, title: symbol.split(' › ').at(-1) ?? '', text, vectors: [vector] };
  const head = lines.slice(0, 12).filter((line) => /^\s*(?:\/\*|\*|\/\/|#|"""|''')/.test(line));
  const title =
    head
      .join('\n')
      .replace(COMMENT, '')
      .replace(/\s+/g, ' ')
      .trim()
      .split(/(?<=[.!?])\s/)[0] ?? '';
  return { id, title, text: title ? lines.filter((line) => !head.includes(line)).join('\n') : text, vectors: [vector] };
}
