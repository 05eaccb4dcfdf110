import { type LoggedDecision, seededRandom } from '@cortex/models';
import { describe, expect, it } from 'vitest';
import { type Answer, auditable, auditMetrics, auditRouter } from './audit.js';

const HOUR = 3_600_000;
const MASTERS = ['kitchen', 'garden'] as const;
const other = (master: string) => (master === 'kitchen' ? 'garden' : 'kitchen');

interface Past {
  readonly decisions: LoggedDecision[];
  /** The right master of each. */
  readonly truth: string[];
}

/** Decisions by a policy that is right with `accuracy` and explores; every failure of the first source is worse by `gap`. */
function past(count: number, accuracy: number, exploration = 0.2, gap = 0): Past {
  const random = seededRandom(5);
  const decisions: LoggedDecision[] = [];
  const truth: string[] = [];
  for (let i = 0; i < count; i++) {
    const right = MASTERS[i % 2] as string;
    const source = ['mail', 'chat', 'web'][Math.floor(i / 2) % 3] as string;
    const sure = accuracy - (source === 'mail' ? gap : 0);
    const first = random() < sure ? right : other(right);
    const explored = random() < exploration;
    const master = explored ? other(first) : first;
    truth.push(right);
    decisions.push({
      task: `t-${i}`,
      text: `task ${i}`,
      master,
      propensity: explored ? exploration : 1 - exploration,
      method: explored ? 'explore' : 'ensemble',
      arm: 'champion',
      assigned: 'champion',
      at: i * 1_000,
      delayMs: 60_000,
      probabilities: { [first]: 0.8, [other(first)]: 0.2 },
      candidates: [...MASTERS],
      reward: master === right ? 1 : 0,
      // Half of what failed is corrected.
      right: master === right || random() < 0.5 ? right : null,
      features: { source, priority: 'medium' },
    });
  }
  return { decisions, truth };
}

/** A candidate that is right with this accuracy; sure of itself. */
function answers({ decisions, truth }: Past, accuracy: (source: unknown) => number, odds = accuracy): Answer[] {
  const random = seededRandom(9);
  return decisions.map(({ features }, i) => {
    const right = truth[i] as string;
    const master = random() < accuracy(features.source) ? right : other(right);
    const confidence = odds(features.source);
    return {
      ...{ master, confidence, scope: 1, abstain: false },
      odds: { [master]: confidence, [other(master)]: 1 - confidence },
    };
  });
}

describe('the audit of a candidate', () => {
  it('finds a better one better and a worse one worse than what served, and says so to the gate', () => {
    const log = past(1_000, 0.7);
    const better = auditRouter(
      log.decisions,
      answers(log, () => 0.9),
    );
    const worse = auditRouter(
      log.decisions,
      answers(log, () => 0.4),
    );
    if (!better.off_policy.supported || !worse.off_policy.supported) throw new Error('no support');
    // What served earned 0.8 × 0.7 + 0.2 × 0.3 = 0.62 of the time.
    expect(better.off_policy.gain.low).toBeGreaterThan(0.15);
    expect(better.off_policy.gain.low).toBeLessThan(0.28);
    expect(better.off_policy.gain.high).toBeGreaterThan(0.28);
    expect(better.passes.off_policy).toBe(true);
    expect(worse.passes.off_policy).toBe(false);
    expect(auditMetrics(worse)).toMatchObject({ off_policy_passes: 0, fairness_passes: 1, 'audit/decisions': 1_000 });
  });

  it('refuses to judge what the log never tried, a handful of decisions, and a past that is over', () => {
    const sure = past(1_000, 0.7, 0);
    const never = auditRouter(
      sure.decisions,
      answers(sure, () => 0.5),
    );
    expect(never.passes.off_policy).toBeNull();
    expect(never.notes.join()).toMatch(/the log covers \d+ %/);
    const few = past(60, 0.7);
    expect(
      auditRouter(
        few.decisions,
        answers(few, () => 0.1),
      ).passes,
    ).toEqual({ fairness: null, off_policy: null });
    const log = past(1_000, 0.7);
    const drifted = auditRouter(
      log.decisions,
      answers(log, () => 0.4),
      true,
    );
    expect(drifted.passes).toEqual({ fairness: null, off_policy: null });
    expect(auditMetrics(drifted).off_policy_passes).toBeNull();
  });

  it('fails one that serves a slice worse than what served did, and not one that inherits the gap', () => {
    const byMail = (source: unknown) => (source === 'mail' ? 0.5 : 0.9);
    const alike = past(1_000, 0.8, 0.1);
    const made = auditRouter(
      alike.decisions,
      answers(alike, byMail, () => 0.8),
    );
    expect(made.passes.fairness).toBe(false);
    expect(made.fairness.reasons.join()).toMatch(/source mail: accuracy 0\.\d+ against 0\.\d+ elsewhere/);
    const unfair = past(1_000, 0.9, 0.1, 0.5);
    const kept = auditRouter(unfair.decisions, answers(unfair, byMail, byMail));
    expect(kept.fairness.inherited.join()).toMatch(/source mail: accuracy/);
    expect(kept.passes.fairness).toBe(true);
  });

  it('looks at decisions that were drawn by known odds and are old enough, the newest of them', () => {
    const { decisions } = past(1_200, 0.7);
    const [one] = decisions as [LoggedDecision];
    const { propensity: _, ...unknown } = one;
    const end = 1_200_000 + HOUR;
    const usable = auditable([
      ...decisions,
      { ...one, method: 'pinned' },
      { ...one, master: 'coordinator' },
      unknown,
      { ...one, at: end, reward: null, right: null },
      { ...one, at: end - 2 * HOUR, reward: null, right: null, task: 'missing' },
    ]);
    expect(usable).toHaveLength(1_000);
    expect(usable.at(-1)?.task).toBe('t-1199');
    expect(
      auditable([
        { ...one, at: 0, reward: null, right: null },
        { ...one, at: 2 * HOUR },
      ]),
    ).toHaveLength(2);
  });
});
