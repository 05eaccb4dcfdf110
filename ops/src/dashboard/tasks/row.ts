// One record of the log folded into a task's row: what a list shows. A pure function of the row so far and the record.
import type { LogRecord } from '@cortex/schemas';
import { stateOf } from '../../cli/commands/task.js';
import type { TaskRow } from '../wire.js';

const TEXT = 200;

/** The row after this record; `row` is what is known so far. */
export function foldRecord(row: TaskRow | undefined, record: LogRecord): TaskRow {
  const { task, decision, outcome } = record;
  const at = Date.parse(record.at);
  const number = (value: unknown, before: number | null | undefined) =>
    typeof value === 'number' ? value : (before ?? null);
  return {
    id: task.id,
    // Settled records leave the text out.
    text: titled(task) || row?.text || '',
    state: stateOf([record]),
    master: decision?.master ?? row?.master ?? '',
    confidence: decision?.confidence ?? row?.confidence ?? null,
    method: decision?.method ?? row?.method ?? '',
    priority: task.priority,
    since: row?.since ?? at,
    at,
    latency_ms: decision?.latency_ms ?? row?.latency_ms ?? null,
    review: decision ? decision.review !== undefined : (row?.review ?? false),
    success: outcome?.success ?? null,
    tokens: number(outcome?.tokens, null),
    cost_usd: number(outcome?.cost_usd, null),
    minutes: number(outcome?.minutes, null),
    corrected: record.correction?.master ?? null,
    runner: decision ? runnerUp(decision.probabilities, decision.master) : (row?.runner ?? null),
    arm: decision?.arm ?? row?.arm ?? '',
    source: typeof task.source === 'string' ? task.source : (row?.source ?? null),
  };
}

function titled(task: LogRecord['task']): string {
  const words = typeof task.title === 'string' && task.title !== '' ? `${task.title}: ${task.text ?? ''}` : task.text;
  const flat = (words ?? '').slice(0, TEXT * 2).replace(/\s+/g, ' ');
  return flat.length > TEXT ? `${flat.slice(0, TEXT)}…` : flat;
}

/** The best master that was not chosen. */
export function runnerUp(probabilities: Readonly<Record<string, number>>, chosen: string): [string, number] | null {
  let best: [string, number] | null = null;
  for (const [name, p] of Object.entries(probabilities))
    if (name !== chosen && p > 0 && (best === null || p > best[1])) best = [name, Math.round(p * 1e4) / 1e4];
  return best;
}
