// Clocks that do not agree: deadlines, orders and budgets go wrong silently.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { alive } from '../state.js';

export const clockSkew: Rule = {
  kind: 'clock-skew',
  reason:
    'Four beats in a row off by more than 5 s in the same direction: a stalled connection delays some beats, and only into the past; synchronised clocks agree to milliseconds. When most are off alike, the clock that is wrong is ours.',
  look(state, now, limits) {
    const seen = [
      ...[...state.workers.values()]
        .filter((worker) => alive(worker, now))
        .map(({ worker, master, skews, firstAt }) => ({
          name: worker,
          skews,
          firstAt,
          who: { worker, master },
          target: `worker:${worker}`,
        })),
      ...[...state.actors.values()].map(({ actor, instance, skews, firstAt }) => ({
        name: instance,
        skews,
        firstAt,
        who: { actor, instance },
        target: `actor:${actor}/${instance}`,
      })),
    ];
    const off = seen.flatMap((one) => {
      const skew = steadySkew(one.skews);
      return Math.abs(skew) > limits.skewMs ? [{ ...one, skew }] : [];
    });
    const ahead = off.filter(({ skew }) => skew > 0).length;
    const alike = Math.max(ahead, off.length - ahead);
    const finding = (
      target: string,
      who: object,
      summary: string,
      cause: string,
      evidence: object,
      skew: number,
    ): Finding => ({
      kind: 'clock-skew',
      target,
      severity: Math.abs(skew) > 30_000 ? 'critical' : 'warning',
      summary,
      cause,
      evidence: { ...evidence },
      ...who,
      since: now,
      holdMs: 2 * LEVEL_HOLD_MS,
    });
    const first = off[0];
    if (first && seen.length >= 3 && alike > seen.length / 2)
      return [
        finding(
          'clock:watchdog',
          {},
          `the watchdog's own clock is off by ${seconds(Math.abs(first.skew))} against most of the fleet`,
          'this machine’s time is not synchronised',
          { off: off.length, of: seen.length },
          first.skew,
        ),
      ];
    return off.map(({ name, who, target, skew }) =>
      finding(
        target,
        who,
        `the clock of ${name} is ${seconds(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}`,
        'its machine’s time is not synchronised',
        { skew_ms: skew },
        skew,
      ),
    );
  },
};

/** The least of four, 0 while there are fewer or they do not agree on the direction. */
function steadySkew(skews: readonly number[]): number {
  if (skews.length < 4) return 0;
  if (skews.every((s) => s > 0)) return Math.min(...skews);
  if (skews.every((s) => s < 0)) return Math.max(...skews);
  return 0;
}
