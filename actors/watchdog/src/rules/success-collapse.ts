// A master whose tasks used to succeed, and now fail.
import { usualShare } from '../cusum.js';
import { LEVEL_HOLD_MS, type Rule } from '../finding.js';

export const successCollapse: Rule = {
  kind: 'success-collapse',
  reason:
    'Cumulative sum of the evidence that its failures have doubled (at least by 25 points) over its own usual share, limit 12: at least 160,000 outcomes between false alarms, about eleven failures from collapse to alarm.',
  look(state, now) {
    return [...state.masters.values()].flatMap(({ name, success }) => {
      if (!success.alarm) return [];
      return [
        {
          kind: 'success-collapse' as const,
          target: `master:${name}`,
          severity: 'critical' as const,
          summary: `${success.excursionBad} of the last ${success.excursionAll} tasks of ${name} failed; usual are ${Math.round(100 * usualShare(success))} %`,
          cause: 'its workers, their tools or what they depend on broke',
          evidence: {
            failed: success.excursionBad,
            of: success.excursionAll,
            usual_share: Math.round(1_000 * usualShare(success)) / 1_000,
            sum: Math.round(success.sum * 100) / 100,
          },
          master: name,
          since: success.since || now,
          holdMs: 2 * LEVEL_HOLD_MS,
        },
      ];
    });
  },
};
