import { expect, it } from 'vitest';
import { auditPredictor, predictorAuditMetrics } from './predictor.js';

const sources = ['portal', 'mail', 'chat'];
const rows = Array.from({ length: 600 }, (_, i) => ({
  text: `task ${i}`,
  master: 'security',
  success: Number(i % 4 !== 0),
  features: { source: sources[i % 3] },
}));

it('names a slice that is promised too much, and no other', () => {
  const said = Float64Array.from(rows, (_, i) => (i % 3 === 0 ? 0.95 : 0.75));
  const audit = auditPredictor({ rows, held: { success: said } });
  expect(audit?.fairness.reasons).toHaveLength(1);
  expect(audit?.fairness.reasons[0]).toContain('source portal: calibration');
  expect(predictorAuditMetrics(audit!)).toMatchObject({ 'fairness/unfair': 1, 'fairness/widest_gap': 0.2 });
});

it('finds nothing where all are promised what they get, however often they succeed', () => {
  const uneven = rows.map((row, i) => ({ ...row, success: i % 3 === 0 ? Number(i % 2 === 0) : 1 }));
  const said = Float64Array.from(rows, (_, i) => (i % 3 === 0 ? 0.5 : 1));
  const audit = auditPredictor({ rows: uneven, held: { success: said } });
  expect(audit?.fairness).toMatchObject({ rows: 600, reasons: [] });
});

it('is silent where success was not learned', () => {
  expect(auditPredictor({ rows, held: {} })).toBeUndefined();
});
