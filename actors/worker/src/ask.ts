// A question of a job to a person: asked once for a decision, however often its worker dies, and answered by whoever answers reviews.
// The one thing to know: the stream is read before anything is asked, so that an answer given to an earlier attempt is found.
import { createHash } from 'node:crypto';
import { type Bus, followStream, type Logger, publish } from '@cortex/bus';
import {
  checkMessage,
  choiceOf,
  decodeMessage,
  EVENT_TYPES,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
  WORKER_QUESTION,
} from '@cortex/schemas';
import type { Job, PersonsAnswer, QuestionOptions } from './job.js';

const A_DAY_MS = 86_400_000;
/** A timer of more fires at once. */
const LONGEST_MS = 24 * A_DAY_MS;
/** The watchdog ends what nobody answered; where none runs, the worker does so itself after this much more. */
const GRACE_MS = 5_000;

/**
 * @param askedSince server's time before which nothing was asked, milliseconds since the epoch: when the decision was stored
 * @throws InvalidMessage for a question that breaks the schema; the signal's reason when the job is stopped
 */
export async function askPerson(
  bus: Bus,
  job: Job,
  askedSince: number,
  question: string,
  { choices, default: otherwise, waitMs = A_DAY_MS, context }: QuestionOptions,
  log: Logger,
): Promise<PersonsAnswer> {
  job.signal.throwIfAborted();
  const own = typeof job.task.deadline !== 'string' ? Number.POSITIVE_INFINITY : Date.parse(job.task.deadline);
  const deadline = Math.min(bus.now() + Math.min(waitMs, LONGEST_MS), own);
  const request: ReviewRequest = checkMessage('question', reviewRequestSchema, {
    id: idOf(job, question),
    kind: 'worker',
    question,
    task: job.task.id,
    candidates: [job.master],
    context: { text: job.task.text, ...context },
    asked_by: job.worker,
    asked_at: new Date(bus.now()).toISOString(),
    deadline: new Date(deadline).toISOString(),
    default: otherwise === undefined ? 'the worker goes on without an answer' : `"${otherwise}" counts`,
    ...(choices === undefined ? {} : { choices: [...choices] }),
  });
  const nobody: PersonsAnswer = { answer: otherwise, expired: true };
  let settle: (answer: PersonsAnswer) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const answered = new Promise<PersonsAnswer>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  // It may be stopped while the stream is still read.
  answered.catch(() => undefined);
  let asked = false;
  let over = false;
  const following = followStream(
    bus,
    bus.subjects.stream('REVIEWS'),
    new Date(askedSince),
    log,
    ({ subject, data }) => {
      try {
        if (subject === bus.subjects.reviewsRequested)
          asked ||= decodeMessage('review', reviewRequestSchema, data).id === request.id;
        else {
          const answer = answerTo(request, decodeMessage('answer', reviewAnswerSchema, data), otherwise);
          if (!answer) return;
          over = true;
          settle(answer);
        }
      } catch {
        // Anyone may publish answers; a malformed one answers nothing.
      }
    },
  );
  const onAbort = () => fail(job.signal.reason);
  job.signal.addEventListener('abort', onAbort, { once: true });
  const limit = setTimeout(() => settle(nobody), Math.max(0, deadline - bus.now()) + GRACE_MS);
  try {
    await Promise.race([following.caughtUp, answered]);
    if (!asked && !over)
      void publish(bus, bus.subjects.reviewsRequested, request, {
        type: EVENT_TYPES.reviewRequested,
        id: `review-${request.id}`,
      }).catch(fail);
    return await answered;
  } finally {
    clearTimeout(limit);
    job.signal.removeEventListener('abort', onAbort);
    following.stop();
  }
}

/** The same for every attempt at a decision. */
function idOf({ task, revision }: Job, question: string): string {
  const digest = createHash('sha256').update(question).digest('hex').slice(0, 12);
  return `${WORKER_QUESTION}${task.id}-${revision ?? 0}-${digest}`;
}

/** What an answer says to a question; undefined when it is to another one or none of its choices. */
export function answerTo(
  request: ReviewRequest,
  { review, answer, by, comment, default: nobody }: ReviewAnswer,
  otherwise: string | undefined,
): PersonsAnswer | undefined {
  if (review !== request.id) return undefined;
  if (nobody) return { answer: otherwise, expired: true };
  const word = answer === undefined ? undefined : choiceOf(request, answer);
  if (word === undefined) return undefined;
  return {
    answer: word,
    expired: false,
    ...(by === undefined ? {} : { by }),
    ...(comment === undefined ? {} : { comment }),
  };
}
