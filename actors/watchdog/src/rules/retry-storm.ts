// The same tasks tried again and again.
import { LEVEL_HOLD_MS, type Rule } from '../finding.js';

export const retryStorm: Rule = {
  kind: 'retry-storm',
  reason:
    'Ten second or later attempts within a minute, and at least a fifth as many as tasks settled in it: a worker that dies costs one attempt, and killing workers without a pause repeats one to four in a hundred.',
  look(state, now, limits) {
    return [...state.masters.values()].flatMap((master) => {
      const recent = master.retries.filter((at) => at >= now - 60_000);
      const settled = master.settlements.filter((at) => at >= now - 60_000).length;
      if (recent.length < limits.retries || recent.length < 0.2 * settled) return [];
      return [
        {
          kind: 'retry-storm' as const,
          target: `master:${master.name}`,
          severity: 'critical' as const,
          summary: `${recent.length} repeated attempts at tasks of ${master.name} within a minute`,
          cause: 'its workers lose their leases or die over their tasks; each attempt costs as much as the first',
          evidence: { attempts: recent.length, settled },
          master: master.name,
          since: recent[0] ?? now,
          holdMs: 2 * LEVEL_HOLD_MS,
        },
      ];
    });
  },
};
