// The tasks in view: the last ones of the log, in memory, bounded. Any older task is still read from the log by its id.
import type { LogRecord } from '@cortex/schemas';
import type { TaskRow } from '../wire.js';
import { foldRecord } from './row.js';

export const TASKS_IN_VIEW = 10_000;

export interface TaskIndex {
  /** Takes a record; returns the task's row before and after it. */
  apply(record: LogRecord): { before: TaskRow | undefined; row: TaskRow };
  get(id: string): TaskRow | undefined;
  /** Most recently changed first. */
  newest(limit: number): TaskRow[];
  rows(): IterableIterator<TaskRow>;
  size(): number;
  clear(): void;
}

export function taskIndex(limit = TASKS_IN_VIEW): TaskIndex {
  // A map keeps the order of insertion: put back at its end, the first key is the one longest unchanged.
  const rows = new Map<string, TaskRow>();
  return {
    apply(record) {
      const { id } = record.task;
      const before = rows.get(id);
      const row = foldRecord(before, record);
      if (before) rows.delete(id);
      rows.set(id, row);
      if (rows.size > limit) {
        const oldest = rows.keys().next();
        if (!oldest.done) rows.delete(oldest.value);
      }
      return { before, row };
    },
    get: (id) => rows.get(id),
    newest: (most) => [...rows.values()].slice(-most).reverse(),
    rows: () => rows.values(),
    size: () => rows.size,
    clear: () => rows.clear(),
  };
}
