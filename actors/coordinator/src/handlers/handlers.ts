// One handler per inlet: tasks, outcome claims, people's answers, and wake-ups (deadlines, work given back or given up).

import {
  count,
  type Delivery,
  deadLetter,
  type MasterRegistry,
  RetryLater,
  signerOfMessage,
  Unprocessable,
} from '@cortex/bus';
import {
  attemptSchema,
  canonicalMaster,
  checkMessage,
  decodeCancel,
  decodeMessage,
  deliveryAdvisorySchema,
  HEADERS,
  logRecordSchema,
  outcomeSchema,
  reviewAnswerSchema,
  SPAN_KEYS,
  timerSchema,
  WORKER_QUESTION,
} from '@cortex/schemas';
import type { Span } from '@opentelemetry/api';
import { z } from 'zod';
import { admit } from '../admit/admit.js';
import { FALLBACK_MASTER } from '../decide/decision.js';
import { carryOut, type Shell } from './carry-out.js';

/** A timer far in the future is looked at each hour: the server counts delays in nanoseconds. */
const LONGEST_NAP_MS = 3_600_000;

/** How long a task waits for the master that it names to be registered. */
const REGISTRY_LAG_MS = 1_500;

export interface Handlers {
  tasks(delivery: Delivery, span: Span): Promise<void>;
  outcomes(delivery: Delivery, span: Span): Promise<void>;
  answers(delivery: Delivery, span: Span): Promise<void>;
  wakeUps(delivery: Delivery, span: Span): Promise<void>;
}

/**
 * @param signers public keys whose claims count; undefined: everybody's do
 */
export function createHandlers(
  shell: Shell,
  masters: MasterRegistry,
  signers: () => readonly string[] | undefined = () => undefined,
): Handlers {
  const { subjects } = shell.bus;
  const arrival = (delivery: Delivery) => ({
    receivedAt: performance.now(),
    ageMs: Math.max(0, shell.bus.now() - delivery.storedAt),
    cause: `${delivery.stream}:${delivery.sequence}`,
    redelivered: delivery.delivery > 1,
  });

  async function submit(delivery: Delivery, span: Span): Promise<void> {
    const task = admit(delivery.data, { ...delivery, messageId: delivery.headers?.get(HEADERS.msgId) || undefined });
    span.setAttributes({ [SPAN_KEYS.taskId]: task.id, [SPAN_KEYS.taskPriority]: task.priority });
    if (task.master !== undefined) {
      const pinned = masters.find(task.master);
      if (!pinned && task.master !== FALLBACK_MASTER) {
        // Registered a moment ago, perhaps: the registry's news comes by another way than the task.
        if (shell.bus.now() - delivery.storedAt < REGISTRY_LAG_MS)
          throw new RetryLater(`master "${task.master}" is not known yet`, REGISTRY_LAG_MS / 2);
        throw new Unprocessable(`task: master: no master "${task.master}" is registered (${names(masters)})`);
      }
      if (pinned) task.master = pinned.name;
    }
    const { logged, plan } = await carryOut(shell, {
      task: task.id,
      event: { kind: 'submit', task, now: shell.bus.now() },
      ...arrival(delivery),
    });
    if (plan.do === 'nothing') span.addEvent(plan.why);
    if (logged?.record.decision) {
      span.setAttributes({
        [SPAN_KEYS.master]: logged.record.decision.master,
        [SPAN_KEYS.confidence]: logged.record.decision.confidence,
      });
    }
  }

  async function cancel(delivery: Delivery, span: Span): Promise<void> {
    const request = decodeCancel(delivery.data);
    span.setAttribute(SPAN_KEYS.taskId, request.task);
    const { plan } = await carryOut(shell, {
      task: request.task,
      event: { kind: 'cancel', ...request },
      ...arrival(delivery),
    });
    if (plan.do === 'nothing') span.addEvent(plan.why);
  }

  return {
    async tasks(delivery, span) {
      if (delivery.subject === subjects.submit) return submit(delivery, span);
      if (delivery.subject === subjects.cancel) return cancel(delivery, span);
      throw new Unprocessable(
        `${delivery.subject} is not a subject Cortex knows: publish to ${subjects.submit} or ${subjects.cancel}`,
      );
    },

    async outcomes(delivery, span) {
      mustBeSigned(delivery, signers());
      const json = decodeMessage('outcome', z.looseObject({ status: z.unknown() }), delivery.data);
      if (json.status === 'started') {
        const started = checkMessage('attempt', attemptSchema, json);
        span.setAttributes({ [SPAN_KEYS.taskId]: started.task, [SPAN_KEYS.attempt]: started.attempt });
        await carryOut(shell, { task: started.task, event: { ...started, kind: 'attempt' }, ...arrival(delivery) });
        return;
      }
      const outcome = checkMessage('outcome', outcomeSchema, json);
      span.setAttributes({ [SPAN_KEYS.taskId]: outcome.task, [SPAN_KEYS.outcomeStatus]: outcome.status });
      const { plan } = await carryOut(shell, {
        task: outcome.task,
        event: { kind: 'claim', outcome },
        ...arrival(delivery),
      });
      if (plan.do === 'nothing') span.addEvent(plan.why);
    },

    async answers(delivery, span) {
      const answer = decodeMessage('review answer', reviewAnswerSchema, delivery.data);
      if (answer.review?.startsWith(WORKER_QUESTION)) return;
      // Questions of routing are named after their task; others are read by whoever asked them.
      const task =
        answer.task ?? (answer.review?.startsWith('route-') ? answer.review.slice('route-'.length) : undefined);
      if (task === undefined) return;
      span.setAttribute(SPAN_KEYS.taskId, task);
      let master: string | undefined;
      if (answer.master !== undefined) {
        master =
          masters.find(answer.master)?.name ??
          (canonicalMaster(answer.master) === FALLBACK_MASTER ? FALLBACK_MASTER : undefined);
        if (master === undefined)
          throw new Unprocessable(
            `review answer: master: no master "${answer.master}" is registered (${names(masters)})`,
          );
      }
      const event = {
        kind: 'answer',
        task,
        master,
        retry: answer.answer === 'retry',
        by: answer.by,
        ifRevision: answer.if_revision,
        avoid: answer.avoid,
        byDefault: answer.default,
        at: delivery.storedAt,
      } as const;
      const { plan } = await carryOut(shell, { task, event, ...arrival(delivery) });
      if (plan.do === 'nothing') span.addEvent(plan.why);
      else count('reviews', { event: 'answered' });
    },

    async wakeUps(delivery, span) {
      if (delivery.subject.startsWith('$JS.EVENT.')) return advised(delivery, span);
      const timer = decodeMessage('timer', timerSchema, delivery.data);
      const wait = Date.parse(timer.due) - shell.bus.now();
      if (wait > 0) throw new RetryLater(`due ${timer.due}`, Math.min(wait, LONGEST_NAP_MS));
      await carryOut(shell, {
        task: timer.task,
        event: { kind: 'due', task: timer.task, now: shell.bus.now() },
        ...arrival(delivery),
      });
    },
  };

  /**
   * A worker gave its message back: its attempt is over, and a claim of it would be a late one. Or the server gave the message up: the task ends
   * as failed, and the message goes to DEAD so that a person can put it back.
   */
  async function advised(delivery: Delivery, span: Span): Promise<void> {
    const advisory = decodeMessage('advisory', deliveryAdvisorySchema, delivery.data);
    // Everybody who reads the log may give a record back to look at it again later: only of a worker's own consumer it means the work.
    if (advisory.stream !== subjects.stream('LOG') || !advisory.consumer.startsWith('work-')) return;
    const stored = await shell.bus.jsm.streams
      .getMessage(advisory.stream, { seq: advisory.stream_seq })
      .catch(() => null);
    if (!stored) return;
    const work = decodeMessage('log record', logRecordSchema, stored.data);
    span.setAttribute(SPAN_KEYS.taskId, work.task.id);
    if (delivery.subject.includes('.MSG_NAKED.')) {
      const event = {
        kind: 'attempt',
        task: work.task.id,
        attempt: advisory.deliveries + 1,
        revision: work.revision,
        givenBack: true,
      } as const;
      await carryOut(shell, { task: work.task.id, event, ...arrival(delivery) });
      return;
    }
    const event = {
      kind: 'exhausted',
      task: work.task.id,
      revision: work.revision,
      deliveries: advisory.deliveries,
    } as const;
    const { logged } = await carryOut(shell, { task: work.task.id, event, ...arrival(delivery) });
    if (!logged) return;
    const original = {
      ...delivery,
      stream: advisory.stream,
      subject: stored.subject,
      sequence: stored.seq,
      consumer: advisory.consumer,
      delivery: advisory.deliveries,
      data: stored.data,
      headers: stored.header,
    };
    await deadLetter(shell.bus, original, new Unprocessable(logged.record.reason ?? 'given up'), shell.bus.instance);
  }
}

/** Throws {@link Unprocessable} for a claim of somebody unknown, where writers of claims are named. */
function mustBeSigned(delivery: Delivery, signers: readonly string[] | undefined): void {
  if (signers === undefined) return;
  let signer: string | undefined;
  try {
    signer = signerOfMessage(delivery.subject, delivery.data, delivery.headers);
  } catch (error) {
    throw new Unprocessable(`outcome: ${(error as Error).message}`);
  }
  if (signer === undefined)
    throw new Unprocessable('outcome: is not signed, and coordinator.outcome_signers names who may report outcomes');
  if (!signers.includes(signer))
    throw new Unprocessable(`outcome: its signer ${signer} is not among coordinator.outcome_signers`);
}

function names(masters: MasterRegistry): string {
  const list = masters.list().map((m) => m.name);
  return list.length === 0 ? 'none is' : `registered: ${list.slice(0, 12).join(', ')}${list.length > 12 ? ', …' : ''}`;
}
