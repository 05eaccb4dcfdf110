import type { LogRecord } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { measurementsOf } from './measure.js';

const decision = {
  task: 't',
  master: 'security',
  confidence: 0.93,
  probabilities: { security: 0.93 },
  experts: [],
  method: 'ensemble',
  propensity: 1,
  candidates: ['security'],
  prediction: { success: 0.8, minutes: { p50: 10, p90: 30 }, tokens: { p50: 900, p90: 1_000 } },
  models: {},
  arm: 'champion',
  explanation: [],
  latency_ms: 5,
  decided_at: '2026-11-01T12:00:00.000Z',
} satisfies LogRecord['decision'];

function settled(outcome: Partial<NonNullable<LogRecord['outcome']>>, more: Partial<LogRecord> = {}): LogRecord {
  return {
    record: 'r',
    step: 'settled',
    revision: 2,
    at: '2026-11-01T12:20:00.000Z',
    by: 'c',
    task: { id: 't', priority: 'medium' },
    decision,
    outcome: { task: 't', status: 'completed', ...outcome },
    ...more,
  };
}

/** `metric label=value … : amount`, one a measurement. */
const words = (record: LogRecord) => {
  const { counted, recorded } = measurementsOf(record);
  return [...counted, ...recorded].map(
    ([metric, labels, value]) =>
      `${[metric, ...Object.entries(labels).map(([k, v]) => `${k}=${v}`)].join(' ')}: ${Number(value.toFixed(4))}`,
  );
};

describe('what a settled task says', () => {
  it('counts a success as a right decision, and scores every prediction', () => {
    expect(words(settled({ success: true, minutes: 14, tokens: 1_100, cost_usd: 0.02, quality: 0.9 }))).toEqual([
      'steps step=settled: 1',
      'outcomes master=security status=completed success=true: 1',
      'taskTokens master=security success=true: 1100',
      'taskCost master=security success=true: 0.02',
      'routingJudged master=security right=true by=outcome: 1',
      'calibrationRows bin=0.9 right=true: 1',
      'calibrationClaimed bin=0.9: 0.93',
      'successPredictions master=security predicted=yes actual=yes: 1',
      'predictionScored quantity=success: 1',
      'predictionAbsolute quantity=success: 0.2',
      'predictionSquared quantity=success: 0.04',
      'predictionScored quantity=minutes: 1',
      'predictionAbsolute quantity=minutes: 4',
      'predictionSquared quantity=minutes: 16',
      'predictionCovered quantity=minutes: 1',
      'predictionScored quantity=tokens: 1',
      'predictionAbsolute quantity=tokens: 200',
      'predictionSquared quantity=tokens: 40000',
      'taskDuration master=security status=completed: 1200',
      'workDuration master=security: 840',
      'taskQuality master=security: 0.9',
    ]);
  });

  it('takes a failure alone as no word about the routing', () => {
    const said = words(settled({ status: 'failed' }));
    expect(said.filter((line) => line.startsWith('routing'))).toEqual([]);
    expect(said).toContain('successPredictions master=security predicted=yes actual=no: 1');
  });

  it('believes a correction more than a success', () => {
    const said = words(settled({ success: true, correct_master: 'development' }));
    expect(said).toContain('routingJudged master=security right=false by=person: 1');
    expect(said).toContain('routingMissed master=development: 1');
    expect(said).toContain('routingConfusions decided=security correct=development: 1');
    expect(said).toContain('calibrationRows bin=0.9 right=false: 1');
  });

  it('judges nothing that the router did not choose, and no prediction of what was cancelled', () => {
    for (const method of ['human', 'pinned'] as const)
      expect(words(settled({}, { decision: { ...decision, method } })).join()).not.toContain('routingJudged');
    const unsure = { ...decision, master: 'coordinator' };
    expect(words(settled({}, { decision: unsure })).join()).not.toContain('routingJudged');
    expect(words(settled({ status: 'cancelled' })).join()).not.toContain('prediction');
  });

  it('counts a certain decision into the last tenth', () => {
    expect(words(settled({}, { decision: { ...decision, confidence: 1 } }))).toContain('calibrationClaimed bin=0.9: 1');
  });
});

it('a later correction is one more judgement', () => {
  const corrected: LogRecord = { ...settled({}), step: 'corrected', correction: { master: 'cicd' } };
  expect(words(corrected)).toEqual([
    'steps step=corrected: 1',
    'routingJudged master=security right=false by=person: 1',
    'calibrationRows bin=0.9 right=false: 1',
    'calibrationClaimed bin=0.9: 0.93',
    'routingMissed master=cicd: 1',
    'routingConfusions decided=security correct=cicd: 1',
  ]);
});
