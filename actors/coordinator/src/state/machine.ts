// The life of a task as a pure function: the last record of its key and an event in, one plan out. It is total: any event may come at any
// time, in any order, twice. Appending what a plan says is the shell's work; losing the race means planning again from the newer record.
import { createHash } from 'node:crypto';
import {
  type Correction,
  canonicalMaster,
  DEFAULT_PRIORITY,
  type LogRecord,
  type LogTask,
  type NewLogRecord,
  type Outcome,
  type Priority,
  type Task,
} from '@cortex/schemas';

export type TaskEvent =
  | { readonly kind: 'submit'; readonly task: Task; readonly now: number }
  | {
      readonly kind: 'cancel';
      readonly task: string;
      readonly reason?: string | undefined;
      readonly by?: string | undefined;
    }
  | { readonly kind: 'claim'; readonly outcome: Outcome }
  | {
      readonly kind: 'attempt';
      readonly task: string;
      readonly attempt: number;
      readonly worker?: string | undefined;
      readonly revision?: number | undefined;
      /** The worker before gave its message back; else its lease ran out. */
      readonly givenBack?: boolean;
    }
  | {
      readonly kind: 'answer';
      readonly task: string;
      readonly master?: string | undefined;
      readonly retry: boolean;
      readonly by?: string | undefined;
      readonly whole?: Task | undefined;
      /** Only while this decision is in force and the task is open. */
      readonly ifRevision?: number | undefined;
      /** Decided anew without this master, where another may be chosen. */
      readonly avoid?: string | undefined;
      /** What happens when nobody answers: no person said so, so it is no label. */
      readonly byDefault?: boolean | undefined;
      /** When it was given, milliseconds since 1970: answers are handled abreast and again, and the one given last holds. */
      readonly at?: number | undefined;
    }
  | { readonly kind: 'due'; readonly task: string; readonly now: number }
  | { readonly kind: 'exhausted'; readonly task: string; readonly revision: number; readonly deliveries: number };

/** What to append, and on which subject tokens. */
export interface Append {
  readonly do: 'append';
  readonly record: NewLogRecord;
  readonly master: string;
  readonly priority: Priority;
}

export type Plan =
  | Append
  /** Choose a master (by a person's word when `master` is given), then append `decided`. */
  | {
      readonly do: 'decide';
      readonly task: Task;
      readonly master?: string;
      readonly by?: string;
      readonly avoid?: string;
      readonly byDefault?: boolean;
      readonly at?: number;
    }
  /** The task is unknown so far: try again later. */
  | { readonly do: 'wait'; readonly why: string }
  /** Nothing is left to do. `why` is for the trace. */
  | { readonly do: 'nothing'; readonly why: string; readonly refused?: boolean };

const NO_MASTER = 'coordinator';

/** Whether the task has reached its end (it may still be corrected, or reopened by a person). */
export function isTerminal(record: LogRecord): boolean {
  return record.settled_as !== undefined;
}

/** The plan for an event, given the last record of the task's key (undefined: nothing is known of it). */
export function plan(last: LogRecord | undefined, event: TaskEvent): Plan {
  switch (event.kind) {
    case 'submit':
      return onSubmit(last, event.task, event.now);
    case 'cancel':
      return onCancel(last, event);
    case 'claim':
      return onClaim(last, event.outcome);
    case 'attempt':
      return onAttempt(last, event);
    case 'answer':
      return onAnswer(last, event);
    case 'due':
      return onDue(last, event.now);
    case 'exhausted':
      return onExhausted(last, event);
  }
}

function onSubmit(last: LogRecord | undefined, task: Task, now: number): Plan {
  if (last) return nothing(`task is known already, as ${last.settled_as ?? last.step}`);
  if (task.deadline !== undefined && Date.parse(task.deadline) <= now) {
    return append(
      'expired',
      { task, settled_as: 'expired', reason: `its deadline ${task.deadline} had passed when it arrived` },
      task.master,
    );
  }
  return { do: 'decide', task };
}

function onCancel(
  last: LogRecord | undefined,
  event: { task: string; reason?: string | undefined; by?: string | undefined },
): Plan {
  const reason = [event.reason, event.by && `by ${event.by}`].filter(Boolean).join(', ') || 'cancelled';
  // A cancel that overtakes its task leaves a mark, and the task finds it.
  if (!last)
    return append('cancelled', {
      task: { id: event.task, priority: DEFAULT_PRIORITY },
      settled_as: 'cancelled',
      reason,
    });
  if (isTerminal(last)) return nothing(`task is ${last.settled_as} already`);
  return append('cancelled', { ...carry(last), settled_as: 'cancelled', reason }, last.decision?.master);
}

function onClaim(last: LogRecord | undefined, outcome: Outcome): Plan {
  if (!last) return { do: 'wait', why: `nothing is known of task ${outcome.task}` };
  const correction = correctionOf(outcome);
  if (isTerminal(last)) {
    if (correction && correction.master !== last.correction?.master)
      return append('corrected', { ...carry(last), correction }, last.decision?.master);
    return nothing(`task is ${last.settled_as} already`);
  }
  const fence = fencedBy(last, outcome);
  if (fence) return { do: 'nothing', why: fence, refused: true };
  const success = outcome.success ?? outcome.status === 'completed';
  return append(
    'settled',
    {
      ...carry(last, false),
      settled_as: outcome.status === 'cancelled' ? 'cancelled' : outcome.status === 'expired' ? 'expired' : 'settled',
      outcome: { ...outcome, success, ...(outcome.master ? { master: canonicalMaster(outcome.master) } : {}) },
      attempts: Math.max(last.attempts ?? 0, outcome.attempt ?? 0),
      ...(correction ? { correction } : {}),
    },
    last.decision?.master,
  );
}

/** Why a claim comes from somebody who does not hold the task any more; undefined when it may be applied. */
function fencedBy(last: LogRecord, outcome: Outcome): string | undefined {
  if (outcome.attempt !== undefined && outcome.attempt < (last.attempts ?? 0)) {
    return `claim of attempt ${outcome.attempt}, but attempt ${last.attempts} holds the task`;
  }
  if (outcome.revision !== undefined && outcome.revision !== last.decided_revision) {
    return `claim for decision ${outcome.revision}, but decision ${last.decided_revision} is in force`;
  }
  // Decided more than once: only the master that has it now may close it.
  const moved = (last.decided_revision ?? 1) > 1;
  if (moved && outcome.master !== undefined && canonicalMaster(outcome.master) !== last.decision?.master) {
    return `claim of ${canonicalMaster(outcome.master)}, but the task went to ${last.decision?.master}`;
  }
  return undefined;
}

function onAttempt(
  last: LogRecord | undefined,
  event: { attempt: number; worker?: string | undefined; revision?: number | undefined; givenBack?: boolean },
): Plan {
  if (!last) return nothing('nothing is known of the task');
  if (isTerminal(last)) return nothing(`task is ${last.settled_as} already`);
  if (event.revision !== undefined && event.revision !== last.decided_revision)
    return nothing('another decision is in force');
  if (event.attempt <= (last.attempts ?? 1)) return nothing('attempt is known already');
  const reason = `attempt ${event.attempt}${event.worker ? ` by ${event.worker}` : ''}: the one before ${event.givenBack ? 'gave it back' : 'lost its lease'}`;
  return append('escalated', { ...carry(last), attempts: event.attempt, reason }, last.decision?.master);
}

function onAnswer(
  last: LogRecord | undefined,
  event: {
    task: string;
    master?: string | undefined;
    retry: boolean;
    by?: string | undefined;
    whole?: Task | undefined;
    ifRevision?: number | undefined;
    avoid?: string | undefined;
    byDefault?: boolean | undefined;
    at?: number | undefined;
  },
): Plan {
  if (!last) return { do: 'wait', why: `nothing is known of task ${event.task}` };
  if (event.ifRevision !== undefined) {
    if (isTerminal(last)) return nothing(`task is ${last.settled_as} already`);
    if (last.decided_revision !== event.ifRevision) return nothing('another decision is in force');
  }
  // A settled record has no text; the shell looks the whole task up for a retry.
  const task = wholeTask(last) ?? event.whole;
  if (event.retry) {
    if (last.outcome?.success) return nothing('task was completed already');
    if (!task) return nothing('the text of the task is not kept any more', true);
    return {
      do: 'decide',
      task,
      // Who names a master as well says where: it is done again there.
      ...(event.master === undefined ? {} : { master: canonicalMaster(event.master) }),
      ...(event.at === undefined ? {} : { at: event.at }),
      ...(event.by ? { by: event.by } : {}),
      ...(event.avoid === undefined ? {} : { avoid: canonicalMaster(event.avoid) }),
    };
  }
  if (event.master === undefined) return nothing('the answer names no master');
  const master = canonicalMaster(event.master);
  if (event.byDefault) {
    if (isTerminal(last) || !task || last.decision?.master === master) return nothing('a default is no correction');
    return { do: 'decide', task, master, byDefault: true, ...(event.by ? { by: event.by } : {}) };
  }
  const known = last.correction;
  if (event.at !== undefined && known?.at !== undefined && event.at < Date.parse(known.at))
    return nothing(`${known.by ?? 'somebody'} answered later`);
  const correction = correctionBy(master, event.by, event.at);
  if (isTerminal(last) || !task) {
    if (last.correction?.master === master) return nothing('the same correction is known already');
    return append('corrected', { ...carry(last), correction }, last.decision?.master);
  }
  if (last.decision?.master === master) {
    if (last.correction?.master === master) return nothing('the same answer is known already');
    return append('corrected', { ...carry(last), correction }, master);
  }
  return {
    do: 'decide',
    task,
    master,
    ...(event.by ? { by: event.by } : {}),
    ...(event.at === undefined ? {} : { at: event.at }),
  };
}

function correctionBy(master: string, by: string | undefined, at: number | undefined): Correction {
  return { master, ...(by ? { by } : {}), ...(at === undefined ? {} : { at: new Date(at).toISOString() }) };
}

function onDue(last: LogRecord | undefined, now: number): Plan {
  if (!last) return { do: 'wait', why: 'the task is not decided yet' };
  if (isTerminal(last)) return nothing(`task is ${last.settled_as} already`);
  const deadline = last.task.deadline;
  if (typeof deadline !== 'string' || Date.parse(deadline) > now) return nothing('its deadline is not reached');
  return append(
    'expired',
    { ...carry(last), settled_as: 'expired', reason: `its deadline ${deadline} has passed` },
    last.decision?.master,
  );
}

function onExhausted(last: LogRecord | undefined, event: { revision: number; deliveries: number }): Plan {
  if (!last || isTerminal(last)) return nothing('the task is at its end already');
  if (last.decided_revision !== event.revision) return nothing('another decision is in force');
  const error = `given up after ${event.deliveries} deliveries: every worker that took it died or lost its lease`;
  return append(
    'settled',
    {
      ...carry(last, false),
      settled_as: 'settled',
      outcome: { task: last.task.id, status: 'failed', success: false, error, worker: 'cortex' },
      attempts: event.deliveries,
      reason: error,
    },
    last.decision?.master,
  );
}

/** The `decided` record for a decision that was made, after `last`. */
export function decidedRecord(
  last: LogRecord | undefined,
  task: Task,
  decision: NonNullable<LogRecord['decision']>,
  by?: string,
  at?: number,
): Append {
  const human = decision.method === 'human';
  return {
    do: 'append',
    record: {
      step: 'decided',
      task,
      decision,
      decided_revision: (last?.revision ?? 0) + 1,
      ...(human
        ? { correction: correctionBy(decision.master, by, at) }
        : last?.correction
          ? { correction: last.correction }
          : {}),
    },
    master: decision.master,
    priority: task.priority,
  };
}

/** What every later record keeps of the one before, so that the last one alone tells the state. */
function carry(last: LogRecord, withText = true): Omit<NewLogRecord, 'step'> {
  const { text, ...rest } = last.task;
  const keepText = withText && !isTerminal(last);
  return {
    task: (keepText ? last.task : rest) as LogTask,
    ...(keepText || text === undefined
      ? last.text_sha256
        ? { text_sha256: last.text_sha256 }
        : {}
      : { text_sha256: createHash('sha256').update(text).digest('hex') }),
    ...(last.decision ? { decision: keepText ? last.decision : brief(last.decision) } : {}),
    ...(last.decided_revision === undefined ? {} : { decided_revision: last.decided_revision }),
    ...(last.attempts === undefined ? {} : { attempts: last.attempts }),
    ...(last.correction ? { correction: last.correction } : {}),
    ...(last.outcome ? { outcome: last.outcome } : {}),
    ...(last.settled_as ? { settled_as: last.settled_as } : {}),
  };
}

/** The votes' evidence stays in the decided record; what trials and labels need goes along. */
function brief(decision: NonNullable<LogRecord['decision']>): NonNullable<LogRecord['decision']> {
  return { ...decision, experts: [], explanation: [] };
}

function wholeTask(last: LogRecord): Task | undefined {
  return typeof last.task.text === 'string' ? (last.task as Task) : undefined;
}

function correctionOf(outcome: Outcome): { master: string } | undefined {
  return outcome.correct_master ? { master: canonicalMaster(outcome.correct_master) } : undefined;
}

function append(step: LogRecord['step'], fields: Omit<NewLogRecord, 'step'>, master?: string): Append {
  return {
    do: 'append',
    record: { step, ...fields },
    master: master ?? fields.decision?.master ?? NO_MASTER,
    priority: fields.task.priority,
  };
}

function nothing(why: string, refused = false): Plan {
  return refused ? { do: 'nothing', why, refused } : { do: 'nothing', why };
}
