// Reads the whole log, grouped by task, with a consumer of its own that leaves nothing behind.
import type { Bus } from '@cortex/bus';
import { decodeMessage, type LogRecord, logRecordSchema } from '@cortex/schemas';

/** Records by task, oldest first. Records that cannot be read are counted, not guessed. */
export async function readTasks(
  bus: Bus,
  onProgress: (read: number, of: number) => void = () => undefined,
): Promise<{ tasks: Map<string, LogRecord[]>; unreadable: number }> {
  const stream = bus.subjects.stream('LOG');
  const tasks = new Map<string, LogRecord[]>();
  let unreadable = 0;
  const { state } = await bus.jsm.streams.info(stream);
  if (state.messages === 0) return { tasks, unreadable };
  let read = 0;
  const consumer = await bus.js.consumers.get(stream);
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    try {
      const record = decodeMessage('log record', logRecordSchema, message.data);
      const records = tasks.get(record.task.id);
      if (records) records.push(record);
      else tasks.set(record.task.id, [record]);
    } catch {
      unreadable++;
    }
    onProgress(++read, read + message.info.pending);
    if (message.info.pending === 0) break;
  }
  await messages.close();
  return { tasks, unreadable };
}
