// Whether the work in a delivery is still wanted, from the last record of the task's log. Pure.
import type { LogRecord } from '@cortex/schemas';

export type Standing = 'wanted' | 'settled' | 'cancelled' | 'expired' | 'superseded';

/**
 * `last` is the task's last record with its sequence (undefined: compacted away, so long settled); `work` the sequence and revision of
 * the `decided` record in hand, and which delivery of it.
 */
export function standingOf(
  last: { readonly record: LogRecord; readonly sequence: number } | undefined,
  work: { readonly sequence: number; readonly revision: number | undefined; readonly attempt: number },
): Standing {
  if (last === undefined) return 'superseded';
  if (last.sequence <= work.sequence) return 'wanted';
  const { record } = last;
  if (record.settled_as !== undefined) return record.settled_as;
  if (record.step === 'settled' || record.step === 'cancelled' || record.step === 'expired') return record.step;
  // Another worker has announced that it holds the task.
  if ((record.attempts ?? 0) > work.attempt) return 'superseded';
  // A correction or an escalation may follow a decision without replacing it.
  const sameDecision = record.step !== 'decided' && record.decided_revision === work.revision;
  return sameDecision && work.revision !== undefined ? 'wanted' : 'superseded';
}
