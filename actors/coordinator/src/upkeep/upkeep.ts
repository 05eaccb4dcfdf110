// What is worked off is thrown away behind the lowest ack floor: a stream that refuses when full would otherwise stay full for ever.
// The log keeps the last record of every task, so that the same id stays one task; what lies before it goes once the task is at its end.
import { type ActorPart, type Bus, compactLog, type Logger } from '@cortex/bus';
import type { StreamName } from '@cortex/schemas';

/** Inlets whose messages live on in the log once every consumer has acknowledged them. */
const PURGED: readonly StreamName[] = ['TASKS', 'OUTCOMES', 'TIMERS'];

/** Purges each stream up to the lowest acknowledged sequence of its consumers. */
export async function purgeWorkedOff(bus: Bus, stream: string): Promise<number> {
  let floor = Number.POSITIVE_INFINITY;
  for await (const consumer of bus.jsm.consumers.list(stream)) floor = Math.min(floor, consumer.ack_floor.stream_seq);
  if (!Number.isFinite(floor) || floor === 0) return 0;
  const { purged } = await bus.jsm.streams.purge(stream, { seq: floor + 1 });
  return purged;
}

/** Where a task belongs lives on in the log; any other question of the older half, with its answer, is gone, and an open one is listed no more. */
const NEWEST_KEPT: readonly StreamName[] = ['REVIEWS'];
/** Share of its room from which on a stream loses the older half of its messages. */
const NEARLY_FULL = 0.75;

/** Purges the older half of a stream that is nearly full, as far as its durable consumers have acknowledged. Full, it would refuse every new question, and with it the task. */
export async function purgeOlder(bus: Bus, stream: string): Promise<number> {
  const { config, state } = await bus.jsm.streams.info(stream);
  if (config.max_bytes <= 0 || state.bytes < NEARLY_FULL * config.max_bytes) return 0;
  let until = Math.floor((state.first_seq + state.last_seq) / 2);
  for await (const { config, ack_floor } of bus.jsm.consumers.list(stream))
    if (config.durable_name) until = Math.min(until, ack_floor.stream_seq);
  if (until < state.first_seq) return 0;
  const { purged } = await bus.jsm.streams.purge(stream, { seq: until + 1 });
  return purged;
}

export function startUpkeep(bus: Bus, everyMs: number, log: Logger): ActorPart {
  let running: Promise<void> = Promise.resolve();
  const once = async () => {
    for (const name of [...PURGED, ...NEWEST_KEPT]) {
      try {
        await (PURGED.includes(name) ? purgeWorkedOff : purgeOlder)(bus, bus.subjects.stream(name));
      } catch (error) {
        if (bus.state() === 'connected') log.warn(`could not purge ${name}`, { error: String(error) });
      }
    }
    try {
      const { removed, ...done } = await compactLog(bus);
      if (removed > 0) log.info('compacted the log', { removed, ...done });
    } catch (error) {
      if (bus.state() === 'connected') log.warn('could not compact the log', { error: String(error) });
    }
  };
  const timer = setInterval(() => {
    running = running.then(once);
  }, everyMs);
  return {
    name: 'upkeep',
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
