// Tasks at their end shrink to their last record: the log is the truth about what runs, not an archive of how it got there.
// The one thing to know: the last record of a task stays for ever, and only what lies before it goes, by sequence. So the compare-and-set over
// the task's subjects still guards, "the same id twice is one task" holds, and a record that is appended meanwhile cannot be hit.
import { decodeMessage, type LogStep, logRecordSchema } from '@cortex/schemas';
import { JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, type Msg } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';
import { type Delivery, toDelivery } from '../consume/delivery.js';

export interface CompactOptions {
  /** Milliseconds a task must have been at its end, so that people can still read how it got there. Default 24 hours. */
  readonly settledForMs?: number;
  /** Share of the stream's space, 0 to 1, beyond which nothing is spared for people. Default 0.5. */
  readonly pressure?: number;
  /** Most tasks in one call. Default 2,000. */
  readonly most?: number;
}

export interface Compacted {
  /** Tasks that were looked at and are done with. */
  readonly tasks: number;
  /** Records that were removed. */
  readonly removed: number;
  /** Sequence up to which every reader of the log has acknowledged; 0 when one has acknowledged nothing. */
  readonly floor: number;
  /** The reader that is furthest behind, when one is. */
  readonly heldBy?: string;
}

export const DEFAULT_COMPACT = { settledForMs: 24 * 3_600_000, pressure: 0.5, most: 2_000 };
/** The consumer that remembers how far compaction is. */
export const COMPACTOR = 'compactor';
/** Purges under way at once: one alone waits mostly for the answer. */
const AT_ONCE = 8;
const BATCH = 256;
const NO_MESSAGE_FOUND = 10037;

/** What a record at `step` may remove. `look`: only its own body tells whether the task is at its end. */
export function endsTask(step: LogStep | string): 'yes' | 'no' | 'look' {
  if (step === 'settled' || step === 'cancelled' || step === 'expired') return 'yes';
  return step === 'corrected' ? 'look' : 'no';
}

export interface ReaderState {
  readonly name: string;
  readonly ackFloor: number;
  /** Messages that fit its filter and were not delivered yet, and those delivered but not acknowledged. */
  readonly behind: number;
  /** Whether somebody pulls it right now. */
  readonly served: boolean;
}

/** Share of the stream's space beyond which a reader that nobody serves holds nothing any more: a full log stops everything. */
const DESPERATE = 0.8;

/**
 * The sequence up to which every reader is done, at most `last`. A reader that has nothing left is done with everything, whatever its floor
 * says: the floor of a filtered consumer stays at the last message that fitted. Consumers of work do not count: what they would get
 * of a task at its end is of no use to a worker, and a master nobody works for would hold the log for ever. Pure.
 * @param fullness share of the stream's space that is used, 0 to 1
 */
export function lowestFloor(
  readers: readonly ReaderState[],
  last: number,
  fullness = 0,
): { floor: number; heldBy?: string } {
  let lowest: { floor: number; heldBy?: string } = { floor: last };
  for (const { name, ackFloor, behind, served } of readers) {
    if (name === COMPACTOR || name.startsWith('work-') || behind === 0) continue;
    if (!served && fullness > DESPERATE) continue;
    if (ackFloor < lowest.floor) lowest = { floor: ackFloor, heldBy: name };
  }
  return lowest;
}

/** Removes what lies before the last record of tasks at their end. Any number of processes may call it at once. */
export async function compactLog(bus: Bus, options: CompactOptions = {}): Promise<Compacted> {
  const { settledForMs, pressure, most } = { ...DEFAULT_COMPACT, ...options };
  const stream = bus.subjects.stream('LOG');
  // Before the readers are asked: what is appended in between must not count as read.
  const { state, config } = await bus.jsm.streams.info(stream);
  const readers: ReaderState[] = [];
  for await (const info of bus.jsm.consumers.list(stream)) {
    if (!info.config.durable_name) continue;
    readers.push({
      name: info.name,
      ackFloor: info.ack_floor.stream_seq,
      behind: info.num_pending + info.num_ack_pending,
      served: info.num_waiting > 0 || info.num_ack_pending > 0,
    });
  }
  const fullness = config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
  const { floor, heldBy } = lowestFloor(readers, state.last_seq, fullness);
  const youngest = Date.now() - (fullness > pressure ? 0 : settledForMs);
  let tasks = 0;
  let removed = 0;
  while (tasks < most && floor > 0) {
    const batch = await pullBatch(bus, stream, Math.min(BATCH, most - tasks));
    if (batch.length === 0) break;
    const ripe = batch.filter((d) => d.sequence <= floor && d.storedAt <= youngest);
    // Not yet: the next call gets them again, in their order.
    for (const delivery of batch) if (!ripe.includes(delivery)) delivery.nak(1);
    for (let i = 0; i < ripe.length; i += AT_ONCE) {
      const counts = await Promise.all(ripe.slice(i, i + AT_ONCE).map((d) => compactOne(bus, stream, d)));
      removed += counts.reduce((sum, n) => sum + n, 0);
    }
    tasks += ripe.length;
    if (ripe.length < batch.length) break;
  }
  return { tasks, removed, floor, ...(heldBy === undefined ? {} : { heldBy }) };
}

async function compactOne(bus: Bus, stream: string, delivery: Delivery): Promise<number> {
  const [partition, key, step] = delivery.subject.split('.').slice(-5);
  const filter = `${bus.subjects.prefix}.log.${partition}.${key}.>`;
  let removed = 0;
  if (endsTask(step ?? '') === 'yes' || (await isAtItsEnd(bus, stream, delivery.sequence))) {
    // By sequence, not `keep: 1`: what was appended behind it, and not read by everybody yet, stays.
    const { purged } = await bus.jsm.streams.purge(stream, { filter, seq: delivery.sequence });
    removed = purged;
  }
  delivery.ack();
  return removed;
}

async function isAtItsEnd(bus: Bus, stream: string, sequence: number): Promise<boolean> {
  try {
    const stored = await bus.jsm.streams.getMessage(stream, { seq: sequence });
    return stored !== null && decodeMessage('log record', logRecordSchema, stored.data).settled_as !== undefined;
  } catch (error) {
    // Gone already: a later record of the same task removed it.
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return false;
    throw error;
  }
}

/** At most `batch` messages that are there right now. */
async function pullBatch(bus: Bus, stream: string, batch: number): Promise<Delivery[]> {
  const inbox = createInbox(bus.inboxPrefix);
  const deliveries: Delivery[] = [];
  let done: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const subscription = bus.nc.subscribe(inbox, {
    callback: (error, msg: Msg) => {
      // A status ends the request: no more there, or the consumer is gone.
      if (error || msg.subject === inbox) return done();
      deliveries.push(toDelivery(msg));
      if (deliveries.length >= batch) done();
    },
  });
  const limit = setTimeout(done, 5_000);
  bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${COMPACTOR}`, JSON.stringify({ batch, no_wait: true }), {
    reply: inbox,
  });
  await finished;
  clearTimeout(limit);
  subscription.unsubscribe();
  return deliveries;
}
