// What the log teaches: each task's records in, training rows out. Pure.
// A correction is the strongest label, a success the next; a failure says nothing about where the task should have gone.
import type { OutcomeRow, TrainingRow } from '@cortex/models';
import type { LogRecord } from '@cortex/schemas';

export interface CollectedRows {
  readonly routing: TrainingRow[];
  readonly outcomes: OutcomeRow[];
  /** Why records gave no row, counted. */
  readonly skipped: Record<string, number>;
}

/** Fields of a task that are no feature of it. */
const NOT_FEATURES = new Set(['id', 'text', 'master', 'deadline']);

/** One task's records, oldest first. */
export function rowsOfTasks(tasks: Iterable<readonly LogRecord[]>): CollectedRows {
  const rows: CollectedRows = { routing: [], outcomes: [], skipped: {} };
  const skip = (why: string) => {
    rows.skipped[why] = (rows.skipped[why] ?? 0) + 1;
  };
  for (const records of tasks) {
    const decided = records.findLast((r) => r.step === 'decided');
    const last = records.at(-1);
    const text = decided?.task.text;
    if (!decided?.decision || !last || text === undefined) {
      skip('text is not kept any more');
      continue;
    }
    const { outcome } = last;
    const correction = last.correction?.master;
    const succeeded = outcome?.success === true;
    if (correction !== undefined) rows.routing.push({ text, label: correction, weight: 1 });
    // A pin says where somebody wanted it, not where it belongs.
    else if (decided.decision.method === 'pinned') skip('pinned by the task itself');
    else if (succeeded) rows.routing.push({ text, label: decided.decision.master, weight: 0.5 });
    else skip(outcome ? 'failed, and nobody said where it should have gone' : 'no outcome yet');
    // Work that was given up or cancelled tells nothing about how it would have gone.
    if (outcome && outcome.worker !== 'cortex' && (outcome.status === 'completed' || outcome.status === 'failed')) {
      const features = Object.fromEntries(
        Object.entries(decided.task).filter(([key, value]) => !NOT_FEATURES.has(key) && value !== undefined),
      );
      rows.outcomes.push({
        text,
        master: decided.decision.master,
        at: Date.parse(decided.at),
        success: succeeded ? 1 : 0,
        ...(outcome.minutes === undefined ? {} : { minutes: outcome.minutes }),
        ...(outcome.tokens === undefined ? {} : { tokens: outcome.tokens }),
        features,
      });
    }
  }
  return rows;
}
