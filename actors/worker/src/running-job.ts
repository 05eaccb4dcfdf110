// One job while it runs: its abort switch, its gauges, its lease. Holds no policy: what follows from a stop is decided in verdict.ts.
import type { Bus, Delivery, Logger } from '@cortex/bus';
import type { Work } from '@cortex/schemas';
import { type Job, JobStopped, type PersonsAnswer, type QuestionOptions, type StopReason } from './job.js';

export interface JobSetting {
  readonly work: Work;
  readonly delivery: Delivery;
  readonly lastAttempt: boolean;
  readonly master: string;
  readonly worker: string;
  readonly traceparent: string | undefined;
  readonly log: Logger;
  /** Told when the job begins and ends to wait for something done elsewhere. */
  readonly onAside?: () => void;
  /** Puts a question to a person. */
  readonly ask: (job: Job, question: string, options: QuestionOptions) => Promise<PersonsAnswer>;
  /** Told when the job begins and ends to wait for a person. */
  readonly onAsking?: () => void;
}

export class RunningJob {
  readonly gauges = new Map<string, number>();
  readonly startedAt = Date.now();
  readonly job: Job;
  readonly #abort = new AbortController();
  #why: StopReason | undefined;
  #aside = 0;
  #questions = 0;
  #askedAt = 0;
  #askedMs = 0;
  #onAsking: ((asking: boolean) => void) | undefined;

  constructor(setting: JobSetting) {
    const { work, delivery, lastAttempt, master, worker, traceparent, log, onAside, onAsking } = setting;
    this.job = {
      task: work.task,
      decision: work.decision,
      attempt: delivery.delivery,
      lastAttempt,
      revision: work.revision,
      master,
      worker,
      traceparent,
      signal: this.#abort.signal,
      log,
      gauge: (name, value) => void this.gauges.set(name, value),
      aside: async (waiting) => {
        this.#aside++;
        onAside?.();
        try {
          return await waiting;
        } finally {
          this.#aside--;
          onAside?.();
        }
      },
      ask: async (question, options = {}) => {
        if (this.#questions++ === 0) this.#askedAt = Date.now();
        this.#onAsking?.(true);
        onAsking?.();
        try {
          return await this.job.aside(setting.ask(this.job, question, options));
        } finally {
          if (--this.#questions === 0) this.#askedMs += Date.now() - this.#askedAt;
          this.#onAsking?.(this.asking);
          onAsking?.();
        }
      },
    };
  }

  /** Whether it waits for something done elsewhere. */
  get aside(): boolean {
    return this.#aside > 0;
  }

  /** Whether it waits for a person. */
  get asking(): boolean {
    return this.#questions > 0;
  }

  /** When it would have begun, had it never waited for a person: its work is counted from here. */
  get workedSince(): number {
    return this.startedAt + this.#askedMs;
  }

  /** Told whether it waits for a person, whenever that changes. */
  set onAsking(listener: (asking: boolean) => void) {
    this.#onAsking = listener;
  }

  /** Why it was told to stop; the first reason counts. */
  get why(): StopReason | undefined {
    return this.#why;
  }

  stop(why: StopReason, message: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#abort.abort(new JobStopped(why, message));
  }
}

export interface Lease {
  /** False once it ran out without renewal: another worker may have the task. */
  held(): boolean;
  end(): void;
}

/**
 * Renews a delivery's lease every third of it. `onTick` is called after each renewal, `onLost` once. A process that stood still (paused,
 * blocked event loop) finds out at its first tick.
 */
export function holdLease(
  bus: Bus,
  delivery: Delivery,
  leaseMs: number,
  events: { readonly onTick: () => void; readonly onLost: () => void },
): Lease {
  // Not the time of day: a clock that is set must neither lose a lease nor keep one.
  let renewedAt = performance.now();
  let lost = false;
  const held = () => {
    if (!lost && performance.now() - renewedAt > leaseMs) {
      lost = true;
      events.onLost();
    }
    return !lost;
  };
  const renew = () => {
    if (!held()) return end();
    if (bus.state() !== 'connected') return;
    delivery.working();
    renewedAt = performance.now();
    events.onTick();
  };
  const timer = setInterval(renew, Math.max(50, leaseMs / 3));
  const offReconnect = bus.onReconnect(renew);
  function end(): void {
    clearInterval(timer);
    offReconnect();
  }
  return { held, end };
}
