// What the log teaches, as it stood at one sequence: a job that is begun again elsewhere collects the very same rows.
import type { Bus } from '@cortex/bus';
import { decodeMessage, type LogRecord, logRecordSchema } from '@cortex/schemas';
import { type CollectedRows, rowsOfTasks } from './rows-of-tasks.js';

/** Last sequence of the log; 0 when there is nothing in it. */
export async function lastOfLog(bus: Bus): Promise<number> {
  return (await bus.jsm.streams.info(bus.subjects.stream('LOG'))).state.last_seq;
}

export interface Collected extends CollectedRows {
  readonly unreadable: number;
}

/** Rows of all tasks, from records up to and with sequence `until`. */
export async function collectRows(bus: Bus, until: number, onShare?: (share: number) => void): Promise<Collected> {
  const tasks = new Map<string, LogRecord[]>();
  let unreadable = 0;
  const stream = bus.subjects.stream('LOG');
  const { state } = await bus.jsm.streams.info(stream);
  if (state.messages > 0 && state.first_seq <= until) {
    const consumer = await bus.js.consumers.get(stream);
    const messages = await consumer.consume({ max_messages: 1_000 });
    for await (const message of messages) {
      if (message.seq > until) break;
      try {
        const record = decodeMessage('log record', logRecordSchema, message.data);
        const records = tasks.get(record.task.id);
        if (records) records.push(record);
        else tasks.set(record.task.id, [record]);
      } catch {
        unreadable++;
      }
      if (message.seq % 1_000 === 0) onShare?.(message.seq / until);
      if (message.seq === until || message.info.pending === 0) break;
    }
    await messages.close();
  }
  return { ...rowsOfTasks(tasks.values()), unreadable };
}
