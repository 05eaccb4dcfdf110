// What a record of the log says about who did what: for the live follower and for the replay in training alike.
import type { LogRecord } from '@cortex/schemas';
import type { TrackRecords, Work } from './track-record.js';

/** Worker name under which the coordinator itself ends tasks that nobody finished. */
const SYSTEM = 'cortex';

/** When the task came to its end as far as this record knows, milliseconds since 1970; undefined while it is in hand. */
export function endOf({ settled_as, step, at, outcome }: LogRecord): number | undefined {
  if (settled_as === undefined) return undefined;
  const recorded = Date.parse(at);
  // A correction may come days later, and of a compacted task it is all that is left.
  const claimed = step === 'corrected' ? Date.parse(outcome?.finished_at ?? '') : Number.NaN;
  return claimed <= recorded ? claimed : recorded;
}

/** How it went; undefined where nobody did it: work that was given up or cancelled tells nothing about the master. */
export function workOf({ outcome }: LogRecord): Work | undefined {
  if (!outcome || outcome.worker === SYSTEM) return undefined;
  if (outcome.status !== 'completed' && outcome.status !== 'failed') return undefined;
  const { minutes, tokens, worker } = outcome;
  return {
    success: outcome.success === true,
    ...(minutes === undefined ? {} : { minutes }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(worker === undefined ? {} : { worker }),
  };
}

/** Takes one record in, in the order of the log. */
export function hearRecord(records: TrackRecords, record: LogRecord): void {
  const { decision, task, step } = record;
  if (!decision) return;
  const end = endOf(record);
  if (end !== undefined) records.ended(task.id, decision.master, end, workOf(record));
  else if (step === 'decided') records.decided(task.id, decision.master, Date.parse(record.at));
}
