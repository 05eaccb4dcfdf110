import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage, type LogRecord } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { KeptStore, rowsOf, sourceOf } from '../kept/index.js';
import { labelsOf, labelsOfKept } from './index.js';

const AT = Date.parse('2026-11-22T10:00:00Z');
const time = (ms: number) => new Date(AT + ms).toISOString();

function decided(
  id: string,
  more: Partial<LogRecord> & { method?: 'pinned' | 'ensemble' | 'explore'; task?: never } = {},
): LogRecord {
  const { method = 'ensemble', ...rest } = more;
  return {
    record: `${id}-1`,
    step: 'decided',
    revision: 1,
    at: time(0),
    by: 'c',
    task: { id, priority: 'high', text: `scan ${id}`, source: 'github' },
    decision: {
      task: id,
      master: 'security',
      confidence: 0.9,
      probabilities: { security: 0.9, cicd: 0.1 },
      experts: [],
      method,
      propensity: 0.8,
      candidates: ['security'],
      models: {},
      arm: 'champion',
      explanation: [],
      latency_ms: 1,
      decided_at: time(0),
    },
    decided_revision: 1,
    ...rest,
  };
}
const ended = (id: string, success: boolean, more: Partial<LogRecord> = {}): LogRecord => ({
  record: `${id}-2`,
  step: 'settled',
  revision: 2,
  at: time(60_000),
  by: 'c',
  task: { id, priority: 'high' },
  decided_revision: 1,
  outcome: { task: id, status: success ? 'completed' : 'failed', success, worker: 'w-1', minutes: 2 },
  settled_as: 'settled',
  ...more,
});

it('a correction outweighs a success, a failure says only whose it is not, a pin is no label, and each row names its odds, sayer and delay', () => {
  const { routing, refused, outcomes, logged, skipped } = labelsOf([
    ...[
      decided('a'),
      ended('a', false, { step: 'corrected', correction: { master: 'cicd', by: 'ann', at: time(90_000) } }),
    ],
    ...[decided('b'), ended('b', true)],
    ...[decided('c'), ended('c', false)],
    ...[decided('d', { method: 'pinned' }), ended('d', true)],
    decided('e'),
  ]);
  expect(routing).toMatchObject([
    {
      task: 'a',
      label: 'cicd',
      weight: 3,
      source: 'correction',
      sayer: 'person:ann',
      propensity: 0.8,
      delayMs: 90_000,
    },
    { task: 'b', label: 'security', weight: 1, source: 'success', sayer: 'worker:w-1', delayMs: 60_000 },
  ]);
  expect(refused).toMatchObject([{ task: 'c', label: null, not: 'security', weight: 0.75, sayer: 'worker:w-1' }]);
  expect(skipped).toEqual({
    'failed, and nobody said where it should have gone': 1,
    'pinned by the task itself': 1,
    'no outcome yet': 1,
  });
  expect(outcomes.map((o) => [o.task, o.success, o.minutes])).toEqual([
    ['a', 0, 2],
    ['b', 1, 2],
    ['c', 0, 2],
    ['d', 1, 2],
  ]);
  // Missing is a class: the decision without an outcome is among the logged ones.
  expect(logged.map((l) => [l.task, l.reward, l.right])).toEqual([
    ['a', 0, 'cicd'],
    ['b', 1, 'security'],
    ['c', 0, null],
    ['d', 1, 'security'],
    ['e', null, null],
  ]);
});

it('order and repetition of the records change nothing', () => {
  const records = [decided('a'), ended('a', true), decided('b'), ended('b', false, { correction: { master: 'cicd' } })];
  const sorted = (rows: readonly { task: string }[]) => [...rows].sort((x, y) => (x.task < y.task ? -1 : 1));
  expect(sorted(labelsOf([...records].reverse().concat(records)).routing)).toEqual(sorted(labelsOf(records).routing));
});

it('an outcome of an earlier decision is no outcome of the one in force', () => {
  const again = decided('a', { revision: 3, decided_revision: 3 });
  expect(
    labelsOf([decided('a'), ended('a', true), again, ended('a', true, { revision: 4, decided_revision: 1 })]).skipped,
  ).toEqual({ 'no outcome yet': 1 });
});

it('work that every worker dropped, tests and rows that are too young teach nothing', () => {
  const test = decided('t');
  test.task.labels = { provenance: 'test' };
  const given_up = ended('g', false, { outcome: { task: 'g', status: 'failed', success: false, worker: 'cortex' } });
  const rows = labelsOf(
    [test, ended('t', true), decided('g'), given_up, decided('y', { at: time(59_000) }), ended('y', true)],
    {
      matureMs: 30_000,
      now: AT + 60_000,
    },
  );
  expect(rows.routing).toEqual([]);
  expect(rows.outcomes).toEqual([]);
  expect(rows.skipped).toMatchObject({ 'test row': 1, 'too young: early outcomes are biased': 1 });
});

it('whoever floods the labels gets no more than its share, and small voices are heard in full', () => {
  const records: LogRecord[] = [];
  for (let i = 0; i < 2_000; i++)
    records.push(decided(`p${i}`), ended(`p${i}`, false, { correction: { master: 'evil', by: 'mallory' } }));
  for (let i = 0; i < 300; i++)
    records.push(
      decided(`h${i}`),
      ended(`h${i}`, false, { correction: { master: 'cicd', by: i % 3 ? 'ann' : 'bob' } }),
    );
  const { routing, capped } = labelsOf(records);
  const weight = (sayer: string) => routing.filter((r) => r.sayer === sayer).reduce((sum, r) => sum + r.weight, 0);
  expect(weight('person:mallory')).toBeCloseTo(900);
  expect([weight('person:ann'), weight('person:bob')]).toEqual([600, 300]);
  expect(capped).toMatchObject([{ sayer: 'person:mallory', rows: 2_000, before: 6_000 }]);
  // Alone, nobody can be compared: nothing is cut.
  expect(labelsOf(records.slice(0, 4_000)).capped).toEqual([]);
});

it('kept records and those of the log together teach what the whole stream would, wherever it is cut', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-labels-'));
  try {
    const records = [
      decided('a'),
      ended('a', true),
      decided('b'),
      ended('b', false, { correction: { master: 'cicd' } }),
    ];
    const store = new KeptStore(folder);
    const source = sourceOf('LOG', '2026-11-22T09:00:00Z');
    const placed = records
      .slice(0, 3)
      .flatMap((record, i) =>
        rowsOf({ kind: 'log', source, sequence: i + 1, storedAt: AT + i, data: encodeMessage(record) }),
      );
    await store.put(placed);
    // The log was compacted up to the first settled record.
    expect(await labelsOfKept(folder, records.slice(1))).toEqual(labelsOf(records));
    expect((await labelsOfKept(folder)).routing.map((row) => row.task)).toEqual(['a']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('each label carries what every master had done before its decision, and how its own task went', () => {
  const later = (id: string, minutes: number) => decided(id, { at: time(minutes * 60_000) });
  const { routing } = labelsOf([
    ...[decided('a'), ended('a', true)],
    ...[decided('b'), ended('b', false, { step: 'corrected', correction: { master: 'cicd', by: 'ann' } })],
    ...[later('c', 2), ended('c', true, { at: time(300_000) })],
    decided('in-hand', { at: time(90_000) }),
  ]);
  const row = (task: string) => routing.find((one) => one.task === task);
  expect(row('a')).toMatchObject({ outcome: { master: 'security', success: true } });
  expect(row('a')).not.toHaveProperty('history');
  expect(row('b')).toMatchObject({ label: 'cicd', outcome: { master: 'security', success: false } });
  expect(row('c')?.history).toEqual({
    security: { success: 0.5, minutes: 2, load: 1, freshnessHours: 0.01667, tasks: 2 },
  });
});
