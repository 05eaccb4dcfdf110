// Vectors of the tasks, in the order of the stream. The one thing to know: they are made from the kept decisions behind the ack floor, where no
// earlier record can come any more; so the same stream gives the same rows in the same order, whatever was killed on the way.
import type { ActorContext, ActorPart } from '@cortex/bus';
import { type EmbeddingFile, type Encoder, openEmbeddings, readKept, shareEncoder, sourceOf } from '@cortex/models';

export interface EmbeddingOptions {
  readonly folder: string;
  readonly encoder: string;
  readonly vectorFolder: string | undefined;
  readonly perSecond: number;
  readonly everyMs: number;
  /** Messages kept so far, to tell whether it is quiet. */
  readonly kept: () => number;
  readonly mayWrite: () => boolean;
}

/** While no task arrives nobody waits for the encoder. */
const QUIET = 50;
/** Most texts in one append. */
const BATCH = 256;

export function startEmbedding(context: ActorContext, options: EmbeddingOptions): ActorPart {
  const { bus } = context;
  const stream = bus.subjects.stream('LOG');
  let encoder: Encoder | undefined;
  let file: EmbeddingFile | undefined;
  let stopped = false;
  let before = 0;
  let debt = 0;
  /** Ack floor up to which nothing is left to encode. */
  let done = 0;

  async function round(): Promise<void> {
    const now = options.kept();
    const quiet = now === before;
    before = now;
    debt = Math.min(BATCH, debt + (options.perSecond * (quiet ? QUIET : 1) * options.everyMs) / 1_000);
    if (debt < 1 || !options.mayWrite()) return;
    const { ack_floor } = await bus.jsm.consumers.info(stream, 'recorder');
    const { created } = await bus.jsm.streams.info(stream);
    const current = sourceOf(stream, String(created));
    // Nothing is loaded before there is something to encode.
    if (ack_floor.stream_seq === 0 || ack_floor.stream_seq === done) return;
    encoder ??= await shareEncoder(options.encoder, options.vectorFolder ? { cacheFolder: options.vectorFolder } : {});
    file ??= await openEmbeddings({
      folder: options.folder,
      name: 'task',
      encoder: encoder.id,
      dimensions: encoder.dimensions,
    });
    const last = file.last();
    const after = last ? { source: String(last.source), sequence: Number(last.sequence) } : undefined;
    const due: { id: string; text: string; more: { source: string; sequence: number } }[] = [];
    for await (const kept of readKept(options.folder, { tables: ['decisions'], ...(after ? { after } : {}) })) {
      if (kept.source === current && kept.sequence > ack_floor.stream_seq) break;
      const { id, text } = kept.record.task;
      if (text !== undefined) due.push({ id, text, more: { source: kept.source, sequence: kept.sequence } });
      if (due.length >= debt) break;
    }
    if (due.length === 0) done = ack_floor.stream_seq;
    if (due.length === 0) return;
    const vectors = await encoder.encode(due.map(({ text }) => text));
    await file.append(due.map(({ id, more }, i) => ({ id, more, vector: vectors[i] ?? new Float32Array() })));
    debt -= due.length;
  }

  const loop = (async () => {
    while (!stopped) {
      try {
        await round();
        context.degrade('embeddings', undefined);
      } catch (error) {
        if (bus.state() === 'connected')
          context.degrade('embeddings', error instanceof Error ? error.message : String(error));
        // Opened anew: what the file counts is on disk.
        file = undefined;
      }
      for (let waited = 0; waited < options.everyMs && !stopped; waited += 50)
        await new Promise((r) => setTimeout(r, 50));
    }
  })();
  return {
    name: 'embeddings',
    async stop(limitMs) {
      stopped = true;
      await Promise.race([loop, new Promise((resolve) => setTimeout(resolve, limitMs).unref())]);
      await encoder?.close();
    },
  };
}
