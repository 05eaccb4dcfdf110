// What becomes of a delivery, from how its handler ended. Pure, and the only place where this is decided.
import { type JobResult, JobStopped, type StopReason } from './job.js';

/** How a handler ended: with a result, with an error, or not at all within its grace after the abort. */
export type Ending =
  | { readonly kind: 'returned'; readonly result: JobResult }
  | { readonly kind: 'threw'; readonly error: Error; readonly retry: { readonly afterMs: number } | undefined }
  | { readonly kind: 'left-behind' };

export type Verdict =
  /** Publish this outcome, then acknowledge. With `dead` a dead letter goes before it. */
  | { readonly do: 'report'; readonly result: JobResult; readonly dead?: Error }
  /** Acknowledge without an outcome: nobody wants it any more. */
  | { readonly do: 'skip' }
  | { readonly do: 'give-back'; readonly delayMs: number }
  /** Touch nothing: the delivery belongs to somebody else by now. */
  | { readonly do: 'drop' };

/** Characters of an error's text that are kept. */
export const ERROR_LENGTH = 4_000;

const GIVE_BACK_MS = 1;

export function verdictOf(ending: Ending, why: StopReason | undefined, message: string, lastAttempt: boolean): Verdict {
  switch (why) {
    case 'cancelled':
    case 'expired':
    case 'settled':
    case 'superseded':
      return { do: 'skip' };
    case 'time-limit': {
      const known = ending.kind === 'returned' ? ending.result : {};
      return { do: 'report', result: { ...known, status: 'failed', success: false, error: message } };
    }
    case 'lease-lost':
      // The work is done all the same: the claim carries its attempt, and the coordinator refuses it when a newer one counts.
      return ending.kind === 'returned' ? { do: 'report', result: ending.result } : { do: 'drop' };
    case 'draining':
      if (ending.kind === 'returned') return { do: 'report', result: ending.result };
      return lastAttempt ? dead(new JobStopped('draining', message)) : { do: 'give-back', delayMs: GIVE_BACK_MS };
    case undefined:
      return ended(ending, lastAttempt);
  }
}

function ended(ending: Ending, lastAttempt: boolean): Verdict {
  if (ending.kind === 'returned') return { do: 'report', result: ending.result };
  if (ending.kind === 'left-behind') return { do: 'drop' };
  if (ending.retry === undefined) return { do: 'report', result: failed(ending.error) };
  return lastAttempt ? dead(ending.error) : { do: 'give-back', delayMs: ending.retry.afterMs };
}

function dead(error: Error): Verdict {
  return { do: 'report', result: failed(error), dead: error };
}

/** What a throw says about the task. */
export function failed(error: Error): JobResult {
  return { status: 'failed', success: false, error: (error.message || error.name).slice(0, ERROR_LENGTH) };
}
