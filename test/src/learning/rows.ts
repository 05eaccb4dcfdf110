// What the log teaches a router so far: corrections first, successes second. Failures that nobody corrected teach nothing.
import type { Bus } from '@cortex/bus';
import type { TrainingRow } from '@cortex/models';
import { readLog } from '../harness/ledger.js';

export interface LearntRow extends TrainingRow {
  readonly label: string;
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number;
}

export async function learntRows(bus: Bus): Promise<LearntRow[]> {
  const rows: LearntRow[] = [];
  for (const entries of (await readLog(bus)).values()) {
    const decided = entries.find(({ record }) => record.step === 'decided');
    const last = entries.at(-1)?.record;
    const text = decided?.record.task.text;
    if (!decided?.record.decision || typeof text !== 'string') continue;
    const at = decided.storedAt;
    if (last?.correction) rows.push({ text, label: last.correction.master, weight: 1, at });
    else if (last?.outcome?.success === true)
      rows.push({ text, label: decided.record.decision.master, weight: 0.5, at });
  }
  return rows;
}
