// Whether the work in a delivery is still wanted, from the last record of the task's log. Pure.
import type { LogRecord } from '@cortex/schemas';

export type Standing = 'wanted' | 'settled' | 'cancelled' | 'expired' | 'superseded';

/**
 * `last` is the task's last record with its sequence (undefined: compacted away, so long settled); `work` the sequence and revision of
 * the `decided` record in hand.
 */
export function standingOf(
  last: { readonly record: LogRecord; readonly sequence: number } | undefined,
  work: { readonly sequence: number; readonly revision: number | undefined },
): Standing {
  if (last === undefined) return 'superseded';
  if (last.sequence <= work.sequence) return 'wanted';
  const { record } = last;
  if (record.settled_as !== undefined) return record.settled_as;
  if (record.step === 'settled' || record.step === 'cancelled' || record.step === 'expired') return record.step;
  // A correction or an escalation may follow a decision without replacing it.
  const sameDecision = record.step !== 'decided' && record.decided_revision === work.revision;
  return sameDecision && work.revision !== undefined ? 'wanted' : 'superseded';
}
