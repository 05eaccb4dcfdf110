// The way of one delivery: still wanted? lease, handler, outcome, acknowledgement. In this order, so that a crash anywhere loses nothing.
import {
  type Bus,
  count,
  type Delivery,
  deadLetter,
  eventHeaders,
  extractTrace,
  failSpan,
  type Logger,
  RetryableError,
  record,
  retryCurve,
  type TaskLog,
  withMessagingSpan,
} from '@cortex/bus';
import { decodeMessage, EVENT_TYPES, HEADERS, SPAN_KEYS, type Work, workSchema } from '@cortex/schemas';
import type { Span } from '@opentelemetry/api';
import { askPerson } from './ask.js';
import { announce, claim } from './claim.js';
import type { JobResult } from './job.js';
import { outcomeOf } from './outcome.js';
import { holdLease, type Lease, RunningJob } from './running-job.js';
import type { ResolvedSettings } from './settings.js';
import { type Standing, standingOf } from './standing.js';
import { type Ending, type Verdict, verdictOf } from './verdict.js';

/** What a consumer promises: how long a delivery is ours, and how many there are (undefined: no limit). */
export interface Terms {
  readonly leaseMs: number;
  readonly maxDeliver: number | undefined;
}

export interface Surroundings {
  readonly bus: Bus;
  readonly tasks: TaskLog;
  readonly settings: ResolvedSettings;
  readonly log: Logger;
  /** Told when a job starts and ends. */
  readonly onStart: (job: RunningJob) => void;
  readonly onEnd: (job: RunningJob) => void;
  /** A job began or ended to wait for something done elsewhere. */
  readonly onAside?: () => void;
  /** A job began or ended to wait for a person. */
  readonly onAsking?: () => void;
  /** A message was given back and can be pulled again after so many milliseconds. */
  readonly onGivenBack: (delayMs: number) => void;
}

export type Result = 'completed' | 'failed' | 'skipped' | 'given-back' | 'dropped' | 'dead';

/** Does what one delivery asks for. Never rejects. */
export async function processDelivery(around: Surroundings, delivery: Delivery, terms: Terms): Promise<Result> {
  const { settings, log } = around;
  const started = performance.now();
  if (delivery.delivery > 1) count('redeliveries', { consumer: delivery.consumer });
  const attributes = {
    [SPAN_KEYS.messagingConsumerGroup]: delivery.consumer,
    [SPAN_KEYS.messagingMessageId]: `${delivery.stream}:${delivery.sequence}`,
    [SPAN_KEYS.master]: settings.master,
    [SPAN_KEYS.worker]: settings.name,
    ...(delivery.delivery > 1 ? { [SPAN_KEYS.delivery]: delivery.delivery } : {}),
    [SPAN_KEYS.attempt]: delivery.delivery,
  };
  const parent = extractTrace(delivery.headers);
  let result: Result = 'dropped';
  try {
    await withMessagingSpan(
      { operation: 'process', template: 'work', destination: delivery.subject, parent, attributes },
      async (span) => {
        result = await attempt(around, delivery, terms, span);
      },
    );
  } catch (error) {
    // What is neither acknowledged nor given back is delivered again when its lease is over.
    log.error('a delivery could not be finished; it is done again', {
      subject: delivery.subject,
      attempt: delivery.delivery,
      error: String(error),
    });
  }
  const labels = { consumer: delivery.consumer, result };
  count('processed', labels);
  record('processDuration', (performance.now() - started) / 1_000, labels);
  return result;
}

async function attempt(around: Surroundings, delivery: Delivery, terms: Terms, span: Span): Promise<Result> {
  const { bus, settings, log } = around;
  let work: Work;
  try {
    work = decodeMessage('work', workSchema, delivery.data);
  } catch (thrown) {
    const error = thrown as Error;
    failSpan(span, error);
    await deadLetter(bus, delivery, error, settings.name);
    delivery.term(error.message);
    return 'dead';
  }
  span.setAttributes({ [SPAN_KEYS.taskId]: work.task.id, [SPAN_KEYS.taskPriority]: work.task.priority });
  if (work.revision !== undefined) span.setAttribute(SPAN_KEYS.revision, work.revision);
  const running = new RunningJob({
    work,
    delivery,
    lastAttempt: terms.maxDeliver !== undefined && delivery.delivery >= terms.maxDeliver,
    master: settings.master,
    worker: settings.name,
    traceparent: currentTrace() ?? delivery.headers?.get(HEADERS.traceparent) ?? undefined,
    log,
    ask: (job, question, options) => askPerson(bus, job, delivery.storedAt, question, options, log),
    ...(around.onAside ? { onAside: around.onAside } : {}),
    ...(around.onAsking ? { onAsking: around.onAsking } : {}),
  });
  const look = async (): Promise<Standing> =>
    standingOf(await around.tasks.last(work.task.id), {
      sequence: delivery.sequence,
      revision: work.revision,
      attempt: delivery.delivery,
    });
  const lease = holdLease(bus, delivery, terms.leaseMs, {
    // A cancel may have been missed while the bus was away; a re-decision is announced nowhere we listen.
    onTick: () =>
      void look().then(
        (standing) => standing !== 'wanted' && running.stop(standing, `the task is ${standing}`),
        () => undefined,
      ),
    onLost: () => running.stop('lease-lost', `the lease of ${terms.leaseMs} ms ran out`),
  });
  around.onStart(running);
  try {
    const standing = await patientLook(look, lease, running);
    if (standing === undefined) return giveBack(around, delivery, running, lease);
    if (standing !== 'wanted') {
      span.setAttribute(SPAN_KEYS.outcomeStatus, `skipped: ${standing}`);
      log.info('skipped: the task is not waiting for this work any more', { task: work.task.id, standing });
      if (lease.held()) delivery.ack();
      return 'skipped';
    }
    if (delivery.delivery > 1) {
      const { attempt, revision, master, worker } = running.job;
      await announce(bus, master, {
        task: work.task.id,
        status: 'started',
        attempt,
        worker,
        master,
        ...(revision === undefined ? {} : { revision }),
      }).catch((error: Error) => log.warn('the new attempt could not be announced', { error: error.message }));
    }
    const ending = await runHandler(around, running, work, delivery.delivery);
    const message = running.job.signal.aborted ? String((running.job.signal.reason as Error).message) : '';
    const verdict = verdictOf(ending, running.why, message, running.job.lastAttempt);
    if (ending.kind === 'threw' && running.why === undefined) failSpan(span, ending.error);
    return await carryOut(around, delivery, running, lease, verdict, span);
  } finally {
    lease.end();
    around.onEnd(running);
  }
}

/** Reads the log until it answers. Undefined: the lease was lost, or the worker has to stop, before it did. */
async function patientLook(
  look: () => Promise<Standing>,
  lease: Lease,
  job: RunningJob,
): Promise<Standing | undefined> {
  for (let round = 1; ; round++) {
    try {
      return await look();
    } catch {
      if (!lease.held() || job.why !== undefined) return undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, retryCurve(round))));
    }
  }
}

/** Runs the handler against its time limit; after an abort it gets its grace and is then left behind. */
async function runHandler(around: Surroundings, running: RunningJob, work: Work, delivery: number): Promise<Ending> {
  const { settings } = around;
  const { signal } = running.job;
  const budget = work.task.budget as { minutes?: number } | undefined;
  const limitMs = Math.min(settings.timeLimitMs, budget?.minutes ? budget.minutes * 60_000 : Number.POSITIVE_INFINITY);
  const limit = countdown(limitMs, () =>
    running.stop('time-limit', `the time limit of ${limitMs / 1_000} s was reached`),
  );
  running.onAsking = (asking) => (asking ? limit.pause() : limit.goOn());
  let grace: NodeJS.Timeout | undefined;
  const abandoned = new Promise<Ending>((resolve) => {
    const onAbort = () => {
      grace = setTimeout(() => resolve({ kind: 'left-behind' }), settings.abortGraceMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  const handled = (async (): Promise<Ending> => {
    // Stopped while the log was read: it must not start at all.
    signal.throwIfAborted();
    const result: unknown = await settings.handle(running.job);
    if (result === undefined || result === null) return { kind: 'returned', result: {} };
    if (typeof result !== 'object') throw new TypeError(`the handler returned a ${typeof result}, not an object`);
    return { kind: 'returned', result: result as JobResult };
  })().catch((thrown: unknown): Ending => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const retry =
      error instanceof RetryableError ? { afterMs: error.retryAfterMs ?? retryCurve(delivery + 2) } : undefined;
    return { kind: 'threw', error, retry };
  });
  try {
    return await Promise.race([handled, abandoned]);
  } finally {
    // A question the handler did not wait for may still be answered.
    running.onAsking = () => undefined;
    limit.pause();
    clearTimeout(grace);
  }
}

/** Calls back after so many milliseconds, those in which it is paused not counted. */
function countdown(ms: number, over: () => void): { pause(): void; goOn(): void } {
  let left = ms;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  const goOn = () => {
    if (timer !== undefined) return;
    since = performance.now();
    timer = setTimeout(over, Math.max(0, left));
  };
  goOn();
  return {
    goOn,
    pause() {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      left -= performance.now() - since;
    },
  };
}

async function carryOut(
  around: Surroundings,
  delivery: Delivery,
  running: RunningJob,
  lease: Lease,
  verdict: Verdict,
  span: Span,
): Promise<Result> {
  const { bus, settings, log } = around;
  const task = running.job.task.id;
  switch (verdict.do) {
    case 'skip':
      span.setAttribute(SPAN_KEYS.outcomeStatus, `skipped: ${running.why}`);
      log.info('stopped: nobody wants the result any more', { task, why: running.why });
      if (lease.held()) delivery.ack();
      return 'skipped';
    case 'drop':
      log.warn('the lease was lost; whoever has the task now does it', { task, attempt: running.job.attempt });
      return 'dropped';
    case 'give-back':
      if (!lease.held()) return 'dropped';
      delivery.nak(verdict.delayMs);
      around.onGivenBack(verdict.delayMs);
      log.info('given back', { task, attempt: running.job.attempt, delay_ms: Math.round(verdict.delayMs) });
      return 'given-back';
    case 'report': {
      if (verdict.dead) await deadLetter(bus, delivery, verdict.dead, settings.name);
      const outcome = outcomeOf(running.job, verdict.result, running.workedSince);
      span.setAttribute(SPAN_KEYS.outcomeStatus, outcome.status);
      await claim(bus, settings.master, outcome, {
        retryMs: settings.outcomeRetryMs,
        giveUp: () => running.why === 'draining',
        onTrouble: (error) => log.warn('the outcome is not stored yet', { task, error: error.message }),
      });
      // After a lost lease the acknowledgement would take the task from whoever has it now.
      if (lease.held()) delivery.ack();
      return outcome.status === 'completed' ? 'completed' : 'failed';
    }
  }
}

function giveBack(around: Surroundings, delivery: Delivery, running: RunningJob, lease: Lease): Result {
  // On the last delivery a refusal would bury the task; its lease running out tells the coordinators.
  if (!lease.held() || running.job.lastAttempt) return 'dropped';
  delivery.nak(1);
  around.onGivenBack(1);
  return 'given-back';
}

function currentTrace(): string | undefined {
  return eventHeaders({ type: EVENT_TYPES.outcome, source: '/cortex/worker' }).get(HEADERS.traceparent) || undefined;
}
