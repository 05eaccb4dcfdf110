// Carries a plan out: decide, append with compare-and-set, and plan again when somebody else was first.
import {
  type Bus,
  count,
  type Logged,
  publish,
  RetryLater,
  RevisionConflict,
  record,
  type TaskLog,
  Unprocessable,
  withMessagingSpan,
} from '@cortex/bus';
import { EVENT_TYPES, type LogRecord, SPAN_KEYS, type Task, taskKey } from '@cortex/schemas';
import type { Decider } from '../decide/decider.js';
import { measure } from '../measure/measure.js';
import { type Append, decidedRecord, type Plan, plan, type TaskEvent } from '../state/machine.js';
import { firstAttemptDoubtful } from './doubt.js';

export interface Shell {
  readonly bus: Bus;
  readonly log: TaskLog;
  readonly decide: Decider;
  /** Masters that will be choosable in a moment; a task waits for them. Default: none. */
  readonly pending?: () => readonly string[];
  /** How long a claim waits for its task, or while another worker seems to hold it, milliseconds. */
  readonly unknownTaskMs: number;
}

export interface Trigger {
  readonly task: string;
  readonly event: TaskEvent;
  /** `performance.now()` when the message was received. */
  readonly receivedAt: number;
  /** The message, as `STREAM:sequence`. */
  readonly cause: string;
  /** Milliseconds since the server stored it. */
  readonly ageMs: number;
  /** Whether it was delivered before: whoever had it may have carried it out and died. */
  readonly redelivered: boolean;
}

export interface Carried {
  /** The record that was appended; undefined when nothing was to be done. */
  readonly logged?: Logged;
  readonly plan: Plan;
}

const MAX_RACES = 20;

/**
 * Brings one event to its end. Throws RetryLater (task unknown so far), Unprocessable (unknown for too long), or what the bus throws; then
 * the message is delivered again and everything starts over from the newest record.
 */
export async function carryOut(shell: Shell, trigger: Trigger): Promise<Carried> {
  // A new task is most likely new: append without reading, and read only when that loses.
  let last: Logged | undefined = trigger.event.kind === 'submit' ? undefined : await shell.log.last(trigger.task);
  for (let race = 0; race < MAX_RACES; race++) {
    if (last && (await carriedOutBefore(shell, trigger, last, race > 0)))
      return { plan: { do: 'nothing', why: 'this very message was carried out before' } };
    if (last && trigger.event.kind === 'claim' && trigger.ageMs < shell.unknownTaskMs) {
      if (await firstAttemptDoubtful(shell.bus, last, trigger.event.outcome))
        throw new RetryLater(`attempt 1 of task ${trigger.task} claims it, but it was delivered again`, 1_000);
    }
    const planned = plan(last?.record, await complete(shell, trigger, last));
    if (planned.do === 'nothing') {
      if (planned.refused) count('outcomes', { status: 'refused' });
      return { plan: planned };
    }
    if (planned.do === 'wait') {
      if (trigger.ageMs > shell.unknownTaskMs) throw new Unprocessable(planned.why);
      throw new RetryLater(planned.why, 500);
    }
    try {
      const logged =
        planned.do === 'append'
          ? await append(shell, trigger, planned, last)
          : await decideAndAppend(shell, trigger, planned, last);
      measure(logged.record);
      return { plan: planned, logged };
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      last = await shell.log.last(trigger.task);
    }
  }
  throw new RetryLater(`lost ${MAX_RACES} races for task ${trigger.task}`, 250);
}

/** Other records may stand above the one this message caused: only a message that is seen for the first time, and first, need not look. */
async function carriedOutBefore(shell: Shell, trigger: Trigger, last: Logged, overtaken: boolean): Promise<boolean> {
  if (last.record.cause === trigger.cause) return true;
  if (!trigger.redelivered && !overtaken) return false;
  return (await shell.log.history(trigger.task)).some(({ record }) => record.cause === trigger.cause);
}

/** A retry needs the text, which a settled task keeps only in its decided record. */
async function complete(shell: Shell, trigger: Trigger, last: Logged | undefined): Promise<TaskEvent> {
  const { event } = trigger;
  if (event.kind !== 'answer' || !event.retry || last?.record.task.text !== undefined) return event;
  const decided = (await shell.log.history(trigger.task)).findLast((logged) => logged.record.step === 'decided');
  return decided?.record.task.text === undefined ? event : { ...event, whole: decided.record.task as Task };
}

async function decideAndAppend(
  shell: Shell,
  trigger: Trigger,
  planned: Extract<Plan, { do: 'decide' }>,
  last: Logged | undefined,
): Promise<Logged> {
  const { task } = planned;
  const [soon] = planned.master === undefined ? (shell.pending?.() ?? []) : [];
  if (soon !== undefined) throw new RetryLater(`the work of ${soon} is being prepared`, 100);
  const human =
    planned.master === undefined ? undefined : { master: planned.master, by: planned.by, byDefault: planned.byDefault };
  const decision = await shell.decide(task, trigger.receivedAt, human, planned.avoid);
  // Before the append: a crash in between leaves a question or a timer too many, which is harmless; too few would not be.
  if (task.deadline !== undefined) await setTimer(shell.bus, task);
  if (decision.review !== undefined) await askPerson(shell.bus, task, decision);
  const logged = await append(
    shell,
    trigger,
    decidedRecord(last?.record, task, decision, planned.by, planned.at),
    last,
  );
  record('decisionLatency', (trigger.ageMs + performance.now() - trigger.receivedAt) / 1_000, {
    method: decision.method,
  });
  return logged;
}

async function append(shell: Shell, trigger: Trigger, planned: Append, last: Logged | undefined): Promise<Logged> {
  const template = `${shell.bus.subjects.prefix}.log.${planned.record.step}`;
  return withMessagingSpan(
    {
      operation: 'send',
      template,
      attributes: {
        [SPAN_KEYS.taskId]: trigger.task,
        [SPAN_KEYS.step]: planned.record.step,
        [SPAN_KEYS.master]: planned.master,
        [SPAN_KEYS.taskPriority]: planned.priority,
        ...decisionAttributes(planned.record.step === 'decided' ? planned.record.decision : undefined),
      },
    },
    () =>
      shell.log.append(
        trigger.task,
        { ...planned.record, cause: trigger.cause },
        planned.master,
        planned.priority,
        last,
      ),
  );
}

function decisionAttributes(decision: LogRecord['decision']): Record<string, string | number> {
  if (!decision) return {};
  return {
    [SPAN_KEYS.confidence]: decision.confidence,
    [SPAN_KEYS.method]: decision.method,
    [SPAN_KEYS.arm]: decision.arm,
    ...(decision.models.router === undefined ? {} : { [SPAN_KEYS.model]: decision.models.router }),
  };
}

async function setTimer(bus: Bus, task: Task): Promise<void> {
  await publish(
    bus,
    bus.subjects.timer(taskKey(task.id)),
    { task: task.id, due: task.deadline },
    { type: EVENT_TYPES.timer, id: `timer-${task.id}-${task.deadline}` },
  );
}

async function askPerson(bus: Bus, task: Task, decision: NonNullable<LogRecord['decision']>): Promise<void> {
  const request = {
    id: decision.review,
    kind: 'routing',
    question: `Which master should get this task? ${task.title ?? task.text.slice(0, 500)}`,
    task: task.id,
    candidates: decision.candidates,
    probabilities: decision.probabilities,
    context: { explanation: decision.explanation, text: task.text.slice(0, 2_000) },
    asked_by: bus.instance,
    asked_at: new Date().toISOString(),
    ...(task.deadline ? { deadline: task.deadline } : {}),
    default: 'it stays with coordinator',
  };
  await publish(bus, bus.subjects.reviewsRequested, request, {
    type: EVENT_TYPES.reviewRequested,
    id: `review-${decision.review}`,
  });
  count('reviews', { event: 'requested' });
}
