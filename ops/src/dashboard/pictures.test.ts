// What is shown is a pure function of the log's records and of what is known of the fleet.
import type { LogRecord } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { mastersReport } from './masters/report.js';
import { confusion } from './models/report.js';
import { ailments, type HealthFacts } from './now/health.js';
import { tally } from './now/tally.js';
import { foldRecord } from './tasks/row.js';
import { taskIndex } from './tasks/task-index.js';
import type { TaskRow } from './wire.js';

const AT = Date.parse('2026-11-01T12:00:00.000Z');

function decided(id: string, master = 'security', more: Partial<LogRecord> = {}): LogRecord {
  return {
    record: `r-${id}`,
    step: 'decided',
    revision: 1,
    at: new Date(AT).toISOString(),
    by: 'coordinator-1',
    task: { id, priority: 'medium', text: `Do ${id}` },
    decision: {
      task: id,
      master,
      confidence: 0.9,
      probabilities: { [master]: 0.9, development: 0.08, cicd: 0.02 },
      experts: [],
      method: 'ensemble',
      propensity: 1,
      candidates: [master],
      models: {},
      arm: 'champion',
      explanation: [],
      latency_ms: 12,
      decided_at: new Date(AT).toISOString(),
    },
    ...more,
  };
}

function settled(id: string, success: boolean, master = 'security'): LogRecord {
  const { task, decision } = decided(id, master);
  const { text: _, ...rest } = task;
  return {
    ...decided(id, master),
    step: 'settled',
    settled_as: 'settled',
    task: rest,
    ...(decision ? { decision: { ...decision, experts: [] } } : {}),
    outcome: { task: id, status: success ? 'completed' : 'failed', success, tokens: 100, cost_usd: 0.5 },
  };
}

describe('a row of the task list', () => {
  it('keeps the text that settled records leave out, and says how it went', () => {
    const row = foldRecord(foldRecord(undefined, decided('t-1')), settled('t-1', true));
    expect(row).toMatchObject({
      text: 'Do t-1',
      state: 'settled',
      success: true,
      tokens: 100,
      runner: ['development', 0.08],
    });
  });

  it('is one a task; the one longest unchanged leaves a full view', () => {
    const index = taskIndex(2);
    for (const id of ['a', 'b', 'a', 'c']) index.apply(decided(id));
    expect(index.newest(10).map(({ id }) => id)).toEqual(['c', 'a']);
    expect(index.size()).toBe(2);
  });
});

describe('the figures of the last minutes', () => {
  it('counts decisions, outcomes, cost and time by second, and forgets what is older than ten minutes', () => {
    const counts = tally(() => AT);
    for (let i = 0; i < 100; i++) counts.add(decided(`t-${i}`));
    counts.add(decided('slow', 'security', { decision: { ...decided('slow').decision, latency_ms: 500 } as never }));
    counts.add(decided('old', 'security', { at: new Date(AT - 700_000).toISOString() }));
    counts.add(settled('t-1', true));
    counts.add(settled('t-2', false));
    expect(counts.figures(60, AT)).toMatchObject({
      decided: 101,
      settled: 2,
      succeeded: 1,
      tokens: 200,
      cost_usd: 1,
      p50: 12,
      p99: 12,
      within: 100 / 101,
    });
    expect(counts.series(5, AT + 1_000).at(-1)).toMatchObject({ decided: 101, settled: 2, failed: 1 });
    expect(counts.byMaster(60, AT).get('security')).toEqual({ decided: 101, settled: 2 });
    expect(counts.figures(60, AT + 120_000)).toMatchObject({ decided: 0, p50: null, within: null });
  });
});

describe('what is degraded and what that means', () => {
  const actor = (name: string, state = 'ready' as const) => ({ actor: name, instance: `${name}-1`, state });
  const well: HealthFacts = {
    bus: 'connected',
    actors: ['coordinator', 'router', 'predictor'].map((name) => actor(name)),
    masters: [],
    inletWaiting: 0,
    within: 1,
    decidedLastMinute: 100,
    dead: 0,
    alerts: [],
  };

  it('says nothing when all is well', () => {
    expect(ailments(well)).toEqual([]);
  });

  it('puts the coordinator that is away before all else, and says that nothing is lost', () => {
    const [first, second] = ailments({ ...well, actors: [], dead: 1 });
    expect(first).toMatchObject({ what: 'No coordinator runs', severity: 'critical' });
    expect(first?.means).toContain('none is lost');
    expect(second?.what).toBe('No router runs');
  });

  it('tells of work that nobody does, but not of questions that wait for a person', () => {
    const flow = { status: 'active', waiting: 3, in_hand: 0, workers: 0, decided: 0, settled: 0 };
    const found = ailments({
      ...well,
      masters: [
        { ...flow, master: 'legal' },
        { ...flow, master: 'coordinator' },
      ],
    });
    expect(found.map(({ what }) => what)).toEqual(['Nobody works for legal']);
  });

  it('when the bus is away, says that alone', () => {
    expect(ailments({ ...well, bus: 'reconnecting', actors: [] }).map(({ what }) => what)).toEqual(['The bus is away']);
  });
});

describe('how masters do', () => {
  const rows: TaskRow[] = [
    foldRecord(foldRecord(undefined, decided('a')), settled('a', true)),
    foldRecord(foldRecord(undefined, decided('b')), {
      ...settled('b', false),
      correction: { master: 'development' },
    }),
    foldRecord(
      undefined,
      decided('c', 'cicd', {
        decision: {
          ...decided('c', 'cicd').decision,
          confidence: 0.5,
          probabilities: { cicd: 0.5, development: 0.45 },
        } as never,
      }),
    ),
  ];
  const masters = ['cicd', 'development', 'security'].map((name) => ({ name, status: 'active' as const }));
  const report = mastersReport({ masters: masters as never, rows, flows: [], workers: [] });

  it('tells success from routing: a correction is taken away from one and missed by the other', () => {
    const of = (name: string) => report.masters.find(({ master }) => master.name === name)?.figures;
    expect(of('security')).toMatchObject({ tasks: 2, settled: 2, succeeded: 1, taken_away: 1 });
    expect(of('development')).toMatchObject({ tasks: 0, missed: 1 });
    expect(report.masters[2]?.calibration).toEqual([{ confidence: 0.9, right: 0.5, of: 2 }]);
  });

  it('shows which two are confused: by close odds and by corrections', () => {
    expect(report.overlaps).toEqual([
      { a: 'development', b: 'security', close: 0, corrected: 1, of: 2 },
      { a: 'cicd', b: 'development', close: 1, corrected: 0, of: 1 },
    ]);
    expect(confusion(rows)).toEqual({
      masters: ['development', 'security'],
      counts: [
        [0, 0],
        [1, 1],
      ],
    });
  });
});
