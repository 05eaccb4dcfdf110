// Admission: bytes of `tasks.submit` to a task with id, priority and canonical master. Refusals name the field.
import { createHash } from 'node:crypto';
import { canonicalMaster, DEFAULT_PRIORITY, decodeTask, type Task } from '@cortex/schemas';

/** Where a message came from; identifies a task that brought no id of its own. */
export interface Arrival {
  readonly stream: string;
  readonly sequence: number;
  readonly storedAt: number;
  /** The publisher's de-duplication id, when it gave one. */
  readonly messageId?: string | undefined;
}

/**
 * Throws InvalidMessage. A task without id takes the publisher's message id, so that a repeated publish is the same task even after the
 * stream's window; else one made from its place in the stream, so that a redelivery is.
 */
export function admit(payload: Uint8Array, arrival: Arrival): Task {
  const input = decodeTask(payload);
  return {
    ...input,
    id: input.id ?? madeId(arrival),
    priority: input.priority ?? DEFAULT_PRIORITY,
    ...(input.master === undefined ? {} : { master: canonicalMaster(input.master) }),
  };
}

function madeId(arrival: Arrival): string {
  const origin = arrival.messageId ?? `${arrival.stream}\0${arrival.sequence}\0${arrival.storedAt}`;
  return `t-${createHash('sha256').update(origin).digest('hex').slice(0, 20)}`;
}
