// "Completed", but nothing shows that work was done.
import { EVENT_HOLD_MS, type Rule } from '../finding.js';
import { durationQuantile } from '../state.js';
import { traceOf } from './no-heartbeat.js';

export const completedWithoutEvidence: Rule = {
  kind: 'completed-without-evidence',
  reason:
    'Only where evidence is the custom: of at least 20 completed tasks of the master nine in ten carried some. Or it took less than a fiftieth of the quickest twentieth, and used no tokens where that is reported.',
  on(state, event, now) {
    if (event.kind !== 'step' || event.step !== 'settled' || !event.outcome) return [];
    const { outcome } = event;
    if (outcome.status !== 'completed' || outcome.success === false || outcome.evidence > 0) return [];
    const master = state.masters.get(event.master);
    if (!master) return [];
    // This one is in the count already.
    const custom = master.completed > 20 && master.withEvidence / (master.completed - 1) >= 0.9;
    const quick = durationQuantile(master, 0.05, 30);
    const tooQuick =
      quick !== undefined && quick > 1_000 && outcome.minutes !== undefined && outcome.minutes * 60_000 < quick / 50;
    if (!custom && !tooQuick) return [];
    return [
      {
        kind: 'completed-without-evidence',
        target: `task:${event.task}`,
        severity: 'warning',
        summary: `task ${event.task} is "completed" and nothing shows it`,
        cause: custom
          ? `${master.withEvidence} of ${master.completed - 1} completed tasks of ${event.master} carried evidence, this one none`
          : `it took ${Math.round((outcome.minutes ?? 0) * 60_000)} ms where the quickest take ${Math.round(quick ?? 0)} ms`,
        evidence: { worker: outcome.worker, minutes: outcome.minutes, tokens: outcome.tokens, evidence: 0 },
        task: event.task,
        master: event.master,
        ...(outcome.worker === undefined ? {} : { worker: outcome.worker }),
        ...traceOf(event.traceId),
        since: now,
        holdMs: EVENT_HOLD_MS,
      },
    ];
  },
};
