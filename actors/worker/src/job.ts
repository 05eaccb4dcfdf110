// A job: one task in the hands of one worker. What a handler sees, what it gives back, and why it may be told to stop.
import type { Logger } from '@cortex/bus';
import type { Decision, LogTask, OutcomeStatus } from '@cortex/schemas';

/**
 * Why a job is stopped. `time-limit`: it took too long. `cancelled`, `expired`, `settled`, `superseded`: the task's log has moved on and
 * nobody wants the result. `draining`: the worker stops and its limit is over. `lease-lost`: the bus was away, or this process stood
 * still, for longer than the lease: another worker may have the task by now.
 */
export type StopReason = 'time-limit' | 'cancelled' | 'expired' | 'settled' | 'superseded' | 'draining' | 'lease-lost';

/** The reason of `job.signal`. Handlers may let it pass: the worker knows what to do for each reason. */
export class JobStopped extends Error {
  override readonly name = 'JobStopped';
  constructor(
    readonly why: StopReason,
    message: string,
  ) {
    super(message);
  }
}

export interface Job {
  /** The task with its whole text, and every field its publisher gave it. */
  readonly task: LogTask & { text: string };
  readonly decision: Decision;
  /** Counts deliveries of this piece of work, from 1. */
  readonly attempt: number;
  /** True when no other delivery follows: a retryable failure is reported as failed. */
  readonly lastAttempt: boolean;
  /** Revision of the decision it is done under. */
  readonly revision: number | undefined;
  readonly master: string;
  readonly worker: string;
  /** W3C trace context to hand on, such as to a child process or an HTTP call. */
  readonly traceparent: string | undefined;
  /** Aborts when the job has to stop; `signal.reason` is a {@link JobStopped}. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Adds a gauge to the worker's telemetry while the job runs, such as `tokens`. */
  gauge(name: string, value: number): void;
  /** Waits for something done elsewhere. Meanwhile the worker takes another task in this one's place, so that it may be this very thing. */
  aside<T>(waiting: Promise<T>): Promise<T>;
  /**
   * Asks a person and waits for the answer, on the command line, the dashboard or by any client of the bus. Meanwhile the worker takes another task in
   * this one's place, and neither its time limit nor the watchdog counts the wait. The same question of the same decision is asked once: a later
   * attempt, after the worker died, gets the answer that was given. Rejects with {@link JobStopped} when the job is stopped.
   */
  ask(question: string, options?: QuestionOptions): Promise<PersonsAnswer>;
}

export interface QuestionOptions {
  /** Words that may be answered, at most nine. Default: any. */
  readonly choices?: readonly string[];
  /** What counts when nobody has answered in time. */
  readonly default?: string;
  /** Milliseconds a person has, at most 24 days. Default a day; the task's own deadline ends it earlier. */
  readonly waitMs?: number;
  /** What the person should know, shown beside the question. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface PersonsAnswer {
  /** As one of the choices writes it; the question's default, or undefined, when nobody answered in time. */
  readonly answer: string | undefined;
  readonly by?: string;
  readonly comment?: string;
  /** Nobody answered in time. */
  readonly expired: boolean;
}

/** What a handler may say about its job; all of it optional, further fields are kept. Nothing at all means completed. */
export interface JobResult {
  /** Default: completed. */
  status?: OutcomeStatus;
  /** Whether the goal was reached. Default: status is completed. */
  success?: boolean;
  /** The master the task should have gone to. */
  correct_master?: string | null;
  /** Minutes of work. Default: what the worker measured. */
  minutes?: number;
  tokens?: number;
  cost_usd?: number;
  /** 0 to 1. */
  quality?: number;
  error?: string | null;
  evidence?: { kind: string; ref?: string; sha256?: string }[];
  prompt?: string;
  [field: string]: unknown;
}

/**
 * Does one task. Returning is done; throwing is `failed` with the error's text, except RetryLater and every other RetryableError, which
 * give the task back to be tried again.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is a completed task.
export type Handler = (job: Job) => Promise<JobResult | void> | JobResult | void;
