// From a stream's consumer into the writer: gather for a moment, write, then acknowledge. The one thing to know: nothing is acknowledged before
// it is on disk, and what comes twice is written once, so that a death at any point costs only a redelivery.
import { type ActorContext, count, type Delivery, type Puller, startPuller } from '@cortex/bus';
import { type KeptWriter, type MessageKind, sourceOf } from '@cortex/models';
import type { StreamName } from '@cortex/schemas';

export interface Intake {
  busy(): number;
  /** Messages written so far. */
  kept(): number;
  stop(limitMs: number): Promise<void>;
}

export interface IntakeOptions {
  readonly stream: StreamName;
  readonly kindOf: (subject: string) => MessageKind;
  readonly writer: KeptWriter;
  readonly flushMs: number;
  readonly batch: number;
  /** Asked before each write: whether the folder is still this recorder's. */
  readonly mayWrite: () => boolean;
}

/** Before what could not be written is delivered again, milliseconds. */
const RETRY_MS = 2_000;

export function startIntake(context: ActorContext, options: IntakeOptions): Intake {
  const { bus } = context;
  const stream = bus.subjects.stream(options.stream);
  let waiting: Delivery[] = [];
  let writing: Promise<void> = Promise.resolve();
  let underWay = 0;
  let kept = 0;
  const puller: Puller = startPuller(bus, {
    stream,
    consumer: 'recorder',
    // Two writes' worth: one gathers while the other is written.
    capacity: 2 * options.batch,
    onMessage(delivery) {
      waiting.push(delivery);
      if (waiting.length >= options.batch) flush();
    },
    onMissing: (missing) => context.degrade(options.stream, missing ? 'its consumer is missing' : undefined),
  });
  const timer = setInterval(() => flush(), options.flushMs);

  function flush(): void {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    underWay += batch.length;
    writing = writing.then(async () => {
      await write(batch);
      underWay -= batch.length;
      for (const _ of batch) puller.release();
    });
  }

  async function write(batch: readonly Delivery[]): Promise<void> {
    try {
      if (!options.mayWrite()) throw new Error('another recorder has taken the folder');
      // Asked each time: a stream that was deleted and made again counts from 1 once more.
      const { created } = await bus.jsm.streams.info(stream);
      const source = sourceOf(stream, String(created));
      await options.writer.put(
        batch.map((delivery) => ({
          kind: options.kindOf(delivery.subject),
          source,
          sequence: delivery.sequence,
          storedAt: delivery.storedAt,
          data: delivery.data,
        })),
      );
      for (const delivery of batch) delivery.ack();
      kept += batch.length;
      count('recordedRows', { stream: options.stream }, batch.length);
      context.degrade(`keeping ${options.stream}`, undefined);
    } catch (error) {
      for (const delivery of batch) delivery.nak(RETRY_MS);
      context.degrade(`keeping ${options.stream}`, error instanceof Error ? error.message : String(error));
    }
  }

  return {
    busy: () => waiting.length + underWay,
    kept: () => kept,
    async stop(limitMs) {
      await puller.stop();
      clearInterval(timer);
      flush();
      await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, limitMs).unref())]);
    },
  };
}
