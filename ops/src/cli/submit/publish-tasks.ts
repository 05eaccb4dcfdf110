// Publishes tasks with bounded concurrency, each in a trace of its own that begins with this command's span.
import { randomBytes } from 'node:crypto';
import { type Bus, publish, traceIdOf, withMessagingSpan } from '@cortex/bus';
import { EVENT_TYPES, SPAN_KEYS, type TaskInput } from '@cortex/schemas';

export interface Published {
  readonly id: string;
  readonly trace_id?: string;
  /** The bus had stored this id before, within its window of two minutes: it is the same task. */
  readonly duplicate: boolean;
}

const AT_ONCE = 64;

/** `t-` and 64 random bits. */
export function newTaskId(): string {
  return `t-${randomBytes(8).toString('hex')}`;
}

/** Publishes in order of the list, 64 under way at once; `onPublished` in order of acknowledgement. The first failure ends it. */
export async function publishTasks(
  bus: Bus,
  tasks: readonly (TaskInput & { id: string })[],
  onPublished: (published: Published, task: TaskInput) => void,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < tasks.length && !failed) {
      const task = tasks[next++];
      if (!task) return;
      try {
        onPublished(await publishTask(bus, task), task);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, tasks.length) }, lane));
}

async function publishTask(bus: Bus, task: TaskInput & { id: string }): Promise<Published> {
  const subject = bus.subjects.submit;
  return withMessagingSpan(
    {
      operation: 'send',
      template: subject,
      destination: subject,
      attributes: {
        [SPAN_KEYS.taskId]: task.id,
        [SPAN_KEYS.messagingMessageId]: task.id,
        ...(task.priority ? { [SPAN_KEYS.taskPriority]: task.priority } : {}),
      },
    },
    async () => {
      const ack = await publish(bus, subject, task, { type: EVENT_TYPES.taskSubmit, id: task.id });
      const traceId = traceIdOf();
      return { id: task.id, duplicate: ack.duplicate, ...(traceId ? { trace_id: traceId } : {}) };
    },
  );
}
