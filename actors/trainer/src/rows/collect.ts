// What the log teaches, as it stood at one sequence: a job that is begun again elsewhere collects the same rows.
// The one thing to know: the log is compacted, so texts of old tasks are in the kept files alone; what is in both counts once.
import type { Bus } from '@cortex/bus';
import { LabelCollector, type LabelledRows, readKept } from '@cortex/models';
import { decodeMessage, logRecordSchema } from '@cortex/schemas';

/** Last sequence of the log; 0 when there is nothing in it. */
export async function lastOfLog(bus: Bus): Promise<number> {
  return (await bus.jsm.streams.info(bus.subjects.stream('LOG'))).state.last_seq;
}

export interface Collected extends LabelledRows {
  readonly unreadable: number;
}

/**
 * Rows of all tasks: from kept files in `folder` (undefined: none), and from records of the log up to and with sequence `until`.
 * @throws KeptFileUnreadable.
 */
export async function collectRows(bus: Bus, until: number, folder?: string): Promise<Collected> {
  const stream = bus.subjects.stream('LOG');
  const { created, state } = await bus.jsm.streams.info(stream);
  const collector = new LabelCollector();
  if (folder !== undefined) {
    const born = Date.parse(created);
    for await (const { record, sequence, storedAt } of readKept(folder)) {
      // Files of this very log end where the job ends; what was imported, or kept from a log before, is all there.
      if (storedAt < born || sequence <= until) collector.add(record);
    }
  }
  let unreadable = 0;
  if (state.messages > 0 && state.first_seq <= until) {
    const consumer = await bus.js.consumers.get(stream);
    const messages = await consumer.consume({ max_messages: 1_000 });
    for await (const message of messages) {
      if (message.seq > until) break;
      try {
        collector.add(decodeMessage('log record', logRecordSchema, message.data));
      } catch {
        unreadable++;
      }
      if (message.seq === until || message.info.pending === 0) break;
    }
    await messages.close();
  }
  return { ...collector.rows(), unreadable };
}
