import type { Decision, LogRecord } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { judgedOf, observedOf, rewardOf } from './judged.js';
import { deployerSettingsSchema } from './settings.js';

const settings = deployerSettingsSchema.parse({ outcome_age_ms: 60_000 });
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

function record(fields: Partial<LogRecord>, decision: Partial<Decision> = {}): LogRecord {
  return {
    record: 'r',
    step: 'decided',
    revision: 1,
    at: at(0),
    by: 'c',
    task: { id: 't', priority: 'high', text: 'scan', source: 'mail' },
    decision: {
      task: 't',
      master: 'security',
      confidence: 0.8,
      probabilities: { security: 0.8, cicd: 0.2 },
      experts: [],
      method: 'ensemble',
      propensity: 1,
      candidates: [],
      models: { router: 'router@1' },
      arm: 'champion',
      assigned: 'champion',
      alias_revision: 4,
      others: [{ arm: 'shadow', model: 'router@2', master: 'cicd', confidence: 0.6, abstain: false, latency_ms: 3 }],
      explanation: [],
      latency_ms: 7,
      decided_at: at(0),
      ...decision,
    },
    ...fields,
  };
}
const observed = (decision: Partial<Decision> = {}) => {
  const found = observedOf(record({}, decision), 'router');
  if (!found) throw new Error('nothing was observed');
  return found;
};
const settled = (outcome: NonNullable<LogRecord['outcome']>, more: Partial<LogRecord> = {}, seconds = 10) =>
  record({ step: 'settled', at: at(seconds), outcome, ...more });

describe('what a decision says', () => {
  it('is kept by version, for whoever decided and whoever only spoke', () => {
    expect(observed()).toMatchObject({
      assigned: 'router@1',
      by: 'router@1',
      aliasRevision: 4,
      said: {
        'router@1': { master: 'security', latencyMs: 7, asked: false },
        'router@2': { master: 'cicd', latencyMs: 3, asked: false },
      },
      slices: { source: 'mail', priority: 'high', language: 'Latin' },
    });
  });

  it('counts for the arm that was assigned, also when that one failed and the champion decided', () => {
    const failed = observed({
      assigned: 'challenger',
      arm_failure: 'router@2: its odds are NaN',
      others: [{ arm: 'challenger', model: 'router@2', latency_ms: 3, error: 'its odds are NaN' }],
    });
    expect(failed).toMatchObject({ assigned: 'router@2', by: 'router@1' });
    expect(failed.said['router@2']?.error).toMatch(/NaN/);
    expect(failed.said['router@2']?.master).toBeUndefined();
  });

  it('is nothing where a person, a pin or the rules decided', () => {
    for (const method of ['human', 'pinned', 'rule', 'fallback'] as const)
      expect(observedOf(record({}, { method }), 'router')).toBeUndefined();
    expect(observedOf(record({}, { models: {} }), 'router')).toBeUndefined();
    expect(observedOf(settled({ task: 't', status: 'completed' }), 'router')).toBeUndefined();
  });
});

describe('a task at its age', () => {
  it('tells both models apart by a success, and by a correction', () => {
    const success = judgedOf(observed(), [settled({ task: 't', status: 'completed', success: true })], settings);
    expect(success).toMatchObject({
      success: true,
      right: { 'router@1': true, 'router@2': false },
      executed: 'router@1',
    });
    const corrected = judgedOf(
      observed(),
      [settled({ task: 't', status: 'failed', success: false }, { correction: { master: 'cicd-master' } })],
      settings,
    );
    expect(corrected).toMatchObject({
      right: { 'router@1': false, 'router@2': true },
      corrected: true,
      success: false,
    });
  });

  it('tells only the executed one by a failure that nobody corrected', () => {
    const { right } = judgedOf(observed(), [settled({ task: 't', status: 'failed', success: false })], settings);
    expect(right).toEqual({ 'router@1': false });
  });

  it('knows nothing of what came later, of work that was given up, and of silence', () => {
    const late = settled({ task: 't', status: 'completed', success: true }, {}, 61);
    for (const records of [[late], [], [settled({ task: 't', status: 'failed', success: false, worker: 'cortex' })]]) {
      const judged = judgedOf(observed(), records, settings);
      expect(judged.success).toBeUndefined();
      expect(judged).toMatchObject({ right: {}, reward: 0 });
    }
  });

  it('draws no conclusion about who is right from a master that was drawn, or that a person chose', () => {
    const drawn = judgedOf(
      observed({ method: 'explore', master: 'cicd', propensity: 0.2 }),
      [settled({ task: 't', status: 'completed', success: true }, {}, 5)],
      settings,
    );
    expect(drawn).toMatchObject({ right: {}, propensity: 0.2 });
    expect(drawn.executed).toBeUndefined();
    const human = record(
      { step: 'settled', at: at(5), outcome: { task: 't', status: 'completed', success: true } },
      { method: 'human', master: 'cicd' },
    );
    const asked = judgedOf(observed(), [{ ...human, correction: { master: 'cicd' } }], settings);
    expect(asked.executed).toBeUndefined();
    expect(asked.right).toEqual({ 'router@1': false, 'router@2': true });
  });
});

it('rewards success first, then quality, short work and few tokens, and nothing about a quick failure', () => {
  expect(rewardOf({ success: true }, settings)).toBe(1);
  expect(rewardOf({ success: false, minutes: 0.1, tokens: 1 }, settings)).toBe(0);
  const quick = rewardOf({ success: true, minutes: 5, tokens: 100 }, settings);
  const slow = rewardOf({ success: true, minutes: 500, tokens: 100_000 }, settings);
  expect(quick).toBeGreaterThan(slow);
  expect(slow).toBeGreaterThan(rewardOf({ success: false, quality: 0.2 }, settings));
});
