// Follows outcomes as they are settled, so that predictions follow a master that has a bad day without waiting for the next training.
// Live only: what a predictor missed while it was away is in its next training.
import type { Bus } from '@cortex/bus';
import type { OutcomeRow } from '@cortex/models';
import { decodeMessage, type LogRecord, logRecordSchema } from '@cortex/schemas';

/** What a settled record teaches; undefined for work that was given up or cancelled, which says nothing about the master. */
export function rowOf(record: LogRecord): OutcomeRow | undefined {
  const { outcome, decision } = record;
  if (!outcome || !decision || outcome.worker === 'cortex') return undefined;
  if (outcome.status !== 'completed' && outcome.status !== 'failed') return undefined;
  return {
    // The text is not kept in a settled record, and rolling history needs none.
    text: '',
    master: decision.master,
    at: Date.parse(record.at),
    success: outcome.success === true ? 1 : 0,
    ...(outcome.minutes === undefined ? {} : { minutes: outcome.minutes }),
    ...(outcome.tokens === undefined ? {} : { tokens: outcome.tokens }),
  };
}

/** Starts following; the returned function ends it. */
export function followOutcomes(bus: Bus, onRow: (row: OutcomeRow) => void): () => void {
  const subscription = bus.nc.subscribe(bus.subjects.live('settled'), {
    callback: (error, msg) => {
      if (error) return;
      try {
        const row = rowOf(decodeMessage('log record', logRecordSchema, msg.data));
        if (row) onRow(row);
      } catch {
        // A record that cannot be read teaches nothing.
      }
    },
  });
  return () => subscription.unsubscribe();
}
