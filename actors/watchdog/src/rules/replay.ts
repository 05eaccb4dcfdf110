// Old messages sent again: a broken client, a restored backup, or somebody with bad intentions.
import { EVENT_HOLD_MS, type Rule } from '../finding.js';

export const replay: Rule = {
  kind: 'replay',
  reason:
    'Five within a minute from one source: a publisher that lost an acknowledgement repeats one message a few times. The system itself applies each once; whoever repeats so much has a fault.',
  look(state, now, limits) {
    return [...state.repeats].flatMap(([source, moments]) => {
      const recent = moments.filter((at) => at >= now - 60_000);
      if (recent.length < limits.repeats) return [];
      const worker = /^(?:outcomes of |telemetry\.)(.+)$/.exec(source)?.[1];
      return [
        {
          kind: 'replay' as const,
          target: `source:${source}`,
          severity: 'warning' as const,
          summary: `${recent.length} messages seen before came again within a minute: ${source}`,
          cause: 'a client repeats itself, a backup was restored, or messages were recorded and sent again',
          evidence: { repeats: recent.length, source },
          ...(worker !== undefined && state.workers.has(worker) ? { worker } : {}),
          since: recent[0] ?? now,
          holdMs: EVENT_HOLD_MS / 5,
        },
      ];
    });
  },
};
