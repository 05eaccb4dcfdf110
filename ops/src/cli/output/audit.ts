// The audit of a version in lines: what it would have been worth on the decisions of the past, and whom it serves worse.
import type { PredictorAudit, RouterAudit } from '@cortex/actor-trainer';

const WORDS = { fairness: 'all slices alike', off_policy: 'not worse than what served' } as const;

/** Lines for a person; none when the version was not audited, or by a form that is not known. */
export function auditInWords(audit: object | undefined): string[] {
  if (!audit || !('fairness' in audit)) return [];
  if (!('off_policy' in audit)) {
    const { rows, tests, reasons } = (audit as PredictorAudit).fairness;
    return [
      `${rows} outcomes; chances of success as honest for all slices: ${reasons.length === 0 ? 'yes' : 'NO'} (${tests} comparisons)`,
      ...reasons.map((line) => `  ${line}`),
    ];
  }
  const { decisions, span, off_policy: worth, fairness, passes, notes } = audit as RouterAudit;
  const share = (x: number) => x.toFixed(3);
  const estimate = (name: string, e: { value: number; low: number; high: number } | undefined) =>
    e ? [`${name} ${share(e.value)} [${share(e.low)}, ${share(e.high)}]`] : [];
  const verdict = (passed: boolean | null) => (passed === null ? 'not judged' : passed ? 'passed' : 'FAILED');
  return [
    `${decisions} decisions${span ? ` from ${span.from} to ${span.to}` : ''}`,
    `${WORDS.off_policy}: ${verdict(passes.off_policy)}`,
    ...(worth.supported
      ? [
          `  worth ${[
            ...estimate('doubly robust', worth.doubly_robust),
            ...estimate('SNIPS', worth.snips),
            ...estimate('IPS', worth.ips),
          ].join(', ')}`,
          `  ${[...estimate('served', worth.logged), ...estimate('gain', worth.gain)].join(', ')}; worth ${worth.effective.toFixed(0)} rows`,
        ]
      : []),
    `${WORDS.fairness}: ${verdict(passes.fairness)} (${fairness.tests} comparisons)`,
    ...fairness.reasons.map((line) => `  worse than before: ${line}`),
    ...fairness.inherited.map((line) => `  as before: ${line}`),
    ...notes.map((line) => `note: ${line}`),
  ];
}
