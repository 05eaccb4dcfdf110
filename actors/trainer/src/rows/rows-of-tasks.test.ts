import type { Decision, LogRecord } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { rowsOfTasks } from './rows-of-tasks.js';

const decision = (master: string, method: Decision['method'] = 'ensemble') =>
  ({
    task: 't',
    master,
    method,
    confidence: 0.9,
    probabilities: {},
    experts: [],
    propensity: 1,
    candidates: [],
    models: {},
    arm: 'champion',
    explanation: [],
    latency_ms: 1,
    decided_at: '2026-01-01T00:00:00Z',
  }) as Decision;
const base = { record: 'r', by: 'c', at: '2026-01-01T00:00:00Z' };
const decided = (master = 'security', method?: Decision['method']): LogRecord => ({
  ...base,
  step: 'decided',
  revision: 1,
  task: { id: 't', priority: 'high', text: 'scan', source: 'github' },
  decision: decision(master, method),
});
const settled = (fields: Partial<LogRecord>): LogRecord => ({
  ...base,
  step: 'settled',
  revision: 2,
  task: { id: 't', priority: 'high' },
  settled_as: 'settled',
  ...fields,
});

it('a correction is the label, a success is one of half the weight, a failure or a pin is none', () => {
  const done = { outcome: { task: 't', status: 'completed' as const, success: true, minutes: 4 } };
  const failed = { outcome: { task: 't', status: 'failed' as const, success: false } };
  const { routing, outcomes, skipped } = rowsOfTasks([
    [decided(), settled({ ...failed, correction: { master: 'cicd' } })],
    [decided(), settled(done)],
    [decided(), settled(failed)],
    [decided('security', 'pinned'), settled(done)],
    [decided()],
  ]);
  expect(routing).toEqual([
    { text: 'scan', label: 'cicd', weight: 1 },
    { text: 'scan', label: 'security', weight: 0.5 },
  ]);
  expect(outcomes.map((o) => o.success)).toEqual([0, 1, 0, 1]);
  expect(outcomes[1]).toMatchObject({
    master: 'security',
    minutes: 4,
    features: { source: 'github', priority: 'high' },
  });
  expect(outcomes[1]?.features).not.toHaveProperty('id');
  expect(skipped).toEqual({
    'failed, and nobody said where it should have gone': 1,
    'pinned by the task itself': 1,
    'no outcome yet': 1,
  });
});

it('work that every worker dropped teaches nothing about the master', () => {
  const { outcomes } = rowsOfTasks([
    [decided(), settled({ outcome: { task: 't', status: 'failed', success: false, worker: 'cortex' } })],
  ]);
  expect(outcomes).toEqual([]);
});
