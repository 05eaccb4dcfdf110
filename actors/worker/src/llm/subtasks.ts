// A task may become tasks of its own, which go the way of every task: Cortex decides who does them. Bounded in depth, number and budget; a
// part that says the same as something above it is refused, or a task could split into itself for ever.
import { type Bus, publish, taskLog } from '@cortex/bus';
import { wordLikeness } from '@cortex/models';
import { EVENT_TYPES, type LogRecord, type TaskInput } from '@cortex/schemas';
import { sleep } from './model.js';
import { hashOf, type NewPiece } from './piece.js';
import type { State } from './state.js';

/** What a sub-task carries of those above it. Only ever made narrower by what is in a task: a wrong one allows less, not more. */
export interface Lineage {
  readonly root: string;
  readonly parent: string;
  readonly depth: number;
  /** Hashes and openings of the texts above, the task's own parent last. */
  readonly above: readonly string[];
}

const ALIKE = 0.9;
/** Share of what is left of the parent's budget that its parts may spend together. */
const BUDGET_SHARE = 0.6;

export function lineageOf(task: { readonly id: string; readonly [field: string]: unknown }): Lineage {
  const given = task.subtask as Partial<Lineage> | undefined;
  const depth = typeof given?.depth === 'number' && given.depth > 0 ? Math.trunc(given.depth) : 0;
  return {
    root: typeof given?.root === 'string' ? given.root : task.id,
    parent: typeof given?.parent === 'string' ? given.parent : '',
    depth,
    above: Array.isArray(given?.above) ? given.above.filter((text): text is string => typeof text === 'string') : [],
  };
}

export function maySplit(state: Pick<State, 'around' | 'job' | 'complexity'>): boolean {
  const { depth, count } = state.around.settings.subtasks;
  return state.complexity.complex && count > 0 && lineageOf(state.job.task).depth < depth;
}

/** Parts to publish, and why others are refused. Pure. */
export function makeSubtasks(
  task: { readonly id: string; readonly text: string; readonly priority: string; readonly [field: string]: unknown },
  parts: readonly { readonly title: string; readonly text: string }[],
  budget: { readonly tokensLeft: number; readonly minutesLeft?: number },
): { made: (TaskInput & { id: string })[]; refused: string[] } {
  const lineage = lineageOf(task);
  const above = [...lineage.above, task.text.slice(0, 2_000)];
  const refused: string[] = [];
  const wanted = parts.filter((part, at) => {
    const same = above.some((text) => hashOf(text) === hashOf(part.text) || wordLikeness(text, part.text) >= ALIKE);
    const twice = parts.slice(0, at).some((other) => wordLikeness(other.text, part.text) >= ALIKE);
    if (same) refused.push('a sub-task that says the same as a task above it');
    else if (twice) refused.push('a sub-task that says the same as another one');
    return !same && !twice;
  });
  const tokens = Math.floor((budget.tokensLeft * BUDGET_SHARE) / Math.max(1, wanted.length));
  const made = wanted.map((part, at) => ({
    id: `${task.id.slice(0, 400)}/part-${at + 1}-${hashOf(part.text).slice(0, 8)}`,
    title: part.title,
    text: part.text,
    priority: task.priority as 'medium',
    source: 'cortex-worker',
    budget: { tokens, ...(budget.minutesLeft === undefined ? {} : { minutes: budget.minutesLeft }) },
    ...(typeof task.repository === 'string' ? { repository: task.repository } : {}),
    ...(typeof task.deadline === 'string' ? { deadline: task.deadline } : {}),
    subtask: { root: lineage.root, parent: task.id, depth: lineage.depth + 1, above },
  }));
  return { made, refused };
}

export async function publishSubtasks(bus: Bus, tasks: readonly (TaskInput & { id: string })[]): Promise<void> {
  for (const task of tasks)
    await publish(bus, bus.subjects.submit, task, {
      type: EVENT_TYPES.taskSubmit,
      id: `task-${hashOf(task.id).slice(0, 32)}`,
    });
}

/** Waits until every part is settled, cancelled or expired; what is not by then is told as such. */
export async function joinSubtasks(
  bus: Bus,
  ids: readonly string[],
  waitMs: number,
  signal: AbortSignal,
): Promise<NewPiece[]> {
  const log = taskLog(bus);
  const open = new Set(ids);
  const ended = new Map<string, NewPiece>();
  const until = Date.now() + waitMs;
  let wake: () => void = () => undefined;
  const live = (['settled', 'cancelled', 'expired'] as const).map((step) =>
    bus.nc.subscribe(bus.subjects.live(step), { callback: () => wake() }),
  );
  try {
    for (;;) {
      for (const id of open) {
        const last = await log.last(id).catch(() => undefined);
        const piece = last && endOf(id, last.record);
        if (!piece) continue;
        open.delete(id);
        ended.set(id, piece);
      }
      if (open.size === 0 || Date.now() >= until) break;
      const nudge = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([nudge, sleep(Math.min(5_000, Math.max(1, until - Date.now())), signal)]);
    }
  } finally {
    for (const subscription of live) subscription.unsubscribe();
  }
  return ids.map(
    (id) =>
      ended.get(id) ?? {
        ...base(id),
        kind: 'unfinished-subtask',
        text: `${id} is not finished yet.`,
        why: 'a part of this task, unfinished',
      },
  );
}

function endOf(id: string, record: LogRecord): NewPiece | undefined {
  const { settled_as: how, outcome } = record;
  if (how === undefined && record.step !== 'settled') return undefined;
  const said = outcome?.answer ?? outcome?.output ?? outcome?.error ?? '';
  const status = outcome?.success === false ? 'failed' : (outcome?.status ?? how ?? 'ended');
  return {
    ...base(id),
    kind: status === 'completed' ? 'subtask' : 'unfinished-subtask',
    text: `${status}\n${typeof said === 'string' ? said.slice(0, 8_000) : ''}`,
    why: `a part of this task, ${status}`,
  };
}

const base = (id: string) => ({ kind: 'subtask', source: id, trust: 'outside' });
