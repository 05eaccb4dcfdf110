// Claims of workers that do not announce their attempts. The server counts deliveries but tells nobody besides the worker; what it does tell,
// how many of the unacknowledged messages were delivered again, is enough to doubt a first attempt. Doubted claims wait, they are not
// refused: a message that was acknowledged meanwhile cannot be told from one that is with another worker.
import type { Bus, Logged } from '@cortex/bus';
import type { Outcome } from '@cortex/schemas';

/** Whether another worker seems to hold the task by now. */
export async function firstAttemptDoubtful(bus: Bus, last: Logged, outcome: Outcome): Promise<boolean> {
  const { record } = last;
  // Workers that name the decision announce their attempts too; a known second attempt is the state machine's to judge.
  if (outcome.attempt !== 1 || outcome.revision !== undefined || record.settled_as !== undefined) return false;
  if ((record.attempts ?? 1) > 1 || record.decision === undefined) return false;
  const consumer = bus.subjects.workConsumer(record.decision.master, record.task.priority);
  const info = await bus.jsm.consumers.info(bus.subjects.stream('LOG'), consumer).catch(() => undefined);
  if (!info || info.num_redelivered === 0) return false;
  // Acknowledged already: the claim is of whoever did that.
  if (record.step === 'decided' && info.ack_floor.stream_seq >= last.sequence) return false;
  return info.num_redelivered >= info.num_ack_pending;
}
