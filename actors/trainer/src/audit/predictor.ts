// Whether a predictor is as honest with every slice: its chance of success, said without having seen the row, against what happened. Pure.
// The one thing to know: it reports and judges nothing. Slices differ in how often their tasks succeed, and the predictor that served says the
// same with other figures only by chance, so a gap here is a reason to look and none to keep an old version.
import { type AuditReport, auditFairness, type FittedPredictor, type Gap, slicesOfTask } from '@cortex/models';
import { inWords } from './words.js';

export interface PredictorAudit {
  readonly fairness: Pick<AuditReport, 'rows' | 'tests' | 'unjudged'> & {
    /** The largest gaps of calibration (mean chance said minus share of successes), worst first. */
    readonly gaps: readonly Gap[];
    /** In words, those that are large and not by chance. */
    readonly reasons: readonly string[];
  };
}

const SHOWN = 8;
const MOST_UNJUDGED = 20;

/** Undefined where success was not learned. */
export function auditPredictor({ held, rows }: Pick<FittedPredictor, 'held' | 'rows'>): PredictorAudit | undefined {
  const said = held.success;
  if (!said) return undefined;
  const judged = rows.flatMap(({ text, success, features }, i) => {
    const chance = said[i];
    if (success === undefined || chance === undefined || Number.isNaN(chance)) return [];
    return [
      { slices: slicesOfTask({ text, ...features }), right: success >= 0.5, abstained: false, confidence: chance },
    ];
  });
  const { gaps, ...report } = auditFairness(judged);
  const calibration = gaps.filter(({ figure }) => figure === 'calibration');
  return {
    fairness: {
      rows: report.rows,
      tests: calibration.length,
      unjudged: report.unjudged.slice(0, MOST_UNJUDGED),
      gaps: calibration.slice(0, SHOWN),
      reasons: calibration.filter(({ unfair }) => unfair).map(inWords),
    },
  };
}

/** The figures that go with the version. */
export function predictorAuditMetrics({ fairness }: PredictorAudit): Record<string, number> {
  const widest = fairness.gaps.map(({ gap }) => Math.abs(gap));
  return {
    'fairness/tests': fairness.tests,
    'fairness/unfair': fairness.reasons.length,
    ...(widest.length > 0 ? { 'fairness/widest_gap': Math.round(1e4 * Math.max(...widest)) / 1e4 } : {}),
  };
}
