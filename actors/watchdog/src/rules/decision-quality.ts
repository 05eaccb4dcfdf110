// Decisions that people and masters correct more often than they used to.
import { usualShare } from '../cusum.js';
import { LEVEL_HOLD_MS, type Rule } from '../finding.js';

export const decisionQuality: Rule = {
  kind: 'decision-quality',
  reason:
    'The same cumulative sum as for success, over tasks whose right master became known: a correction after the fact counts as wrong, a confirmation as right.',
  look(state, now) {
    const { quality } = state;
    if (!quality.alarm) return [];
    return [
      {
        kind: 'decision-quality',
        target: 'decisions',
        severity: 'critical',
        summary: `${quality.excursionBad} of the last ${quality.excursionAll} decisions with a known answer were wrong; usual are ${Math.round(100 * usualShare(quality))} %`,
        cause: 'the tasks changed, a master changed what it does, or a worse model serves',
        evidence: {
          wrong: quality.excursionBad,
          of: quality.excursionAll,
          usual_share: usualShare(quality),
          sum: quality.sum,
        },
        since: quality.since || now,
        holdMs: 2 * LEVEL_HOLD_MS,
      },
    ];
  },
};
