// An independent count of what happened: reads the log from its beginning with a client of its own, and believes nobody else.
import { createHash } from 'node:crypto';
import type { Bus } from '@cortex/bus';
import { type LogRecord, PARTITIONS } from '@cortex/schemas';

export interface Entry {
  readonly record: LogRecord;
  /** When the server stored it, milliseconds since the epoch. */
  readonly storedAt: number;
}

/** All records of the log by task id, in the order in which they were stored. */
export async function readLog(bus: Bus): Promise<Map<string, Entry[]>> {
  const stream = bus.subjects.stream('LOG');
  const byTask = new Map<string, Entry[]>();
  const { state } = await bus.jsm.streams.info(stream);
  if (state.messages === 0) return byTask;
  const consumer = await bus.js.consumers.get(stream, { deliver_policy: 'all' as never });
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    const record = message.json<LogRecord>();
    const entries = byTask.get(record.task.id) ?? [];
    entries.push({ record, storedAt: message.time.getTime() });
    byTask.set(record.task.id, entries);
    checkSubject(message.subject, record);
    if (message.info.pending === 0) break;
  }
  await messages.close();
  return byTask;
}

/** The key in the subject must be the one the contract's rule gives; computed here anew. */
function checkSubject(subject: string, record: LogRecord): void {
  const key = createHash('sha256').update('\0').update(record.task.id).digest('hex').slice(0, 32);
  const partition = String(Number.parseInt(key.slice(0, 4), 16) % PARTITIONS).padStart(2, '0');
  if (!subject.includes(`.log.${partition}.${key}.${record.step}.`))
    throw new Error(`record of ${record.task.id} lies on ${subject}`);
}
