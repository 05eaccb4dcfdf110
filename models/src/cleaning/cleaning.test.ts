import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import {
  cleanRows,
  type RawRow,
  readLastReport,
  reportMarkdown,
  reportOf,
  stabilityIndex,
  writeReport,
} from './index.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const WORDS =
  'build deploy rotate scan review merge query cache parse index token login order invoice mail queue'.split(' ');
/** Texts of many words that differ. */
const text = (i: number) => {
  const random = seededRandom(i + 1);
  return `${Array.from({ length: 20 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')} ${i}`;
};
const real = (n: number, label = 'security'): RawRow[] =>
  Array.from({ length: n }, (_, i) => ({ text: text(i), label }));
const clean = (rows: readonly RawRow[], options = {}) => cleanRows(rows, { now: NOW, ...options });
const why = (rows: readonly RawRow[], options = {}) => clean(rows, options).quarantined.map((q) => [q.index, q.reason]);

it('sound rows come back as they were, in their order', () => {
  const rows = real(50);
  expect(clean(rows)).toMatchObject({ quarantined: [], origins: { real: 50, test: 0, generated: 0 } });
  expect(clean(rows).rows).toEqual(rows);
});

it('a row that is none is taken out with the field that is wrong', () => {
  const bad = [
    { text: '  ', label: 'a' },
    { text: 'x', label: 7 },
    { text: 'x', label: 'a', weight: 0 },
    { text: 'x', label: 'a', quality: 1.5 },
    { text: 'x', label: 'a', at: 'yesterday' },
    { text: 'x', label: 'a', at: '2031-01-01T00:00:00Z' },
    { text: `x \uFFFD`, label: 'a' },
    null,
  ] as unknown as RawRow[];
  expect(clean(bad).quarantined.map((q) => `${q.reason}: ${q.detail}`)).toEqual([
    'schema: text: is empty',
    "schema: label: must be a master's name or null",
    'range: weight: 0 is not above 0 to 1000',
    'range: quality: 1.5 is not from 0 to 1',
    'schema: at: "yesterday" is no moment',
    'range: at: 2031-01-01T00:00:00.000Z is before 2000 or in the future',
    'schema: text: holds characters that were lost in a wrong decoding',
    'schema: must be an object',
  ]);
});

it('copies become one row that counts more, up to a bound', () => {
  const rows = [
    ...Array.from({ length: 5 }, () => ({ text: 'Reset  my password', label: 'a', weight: 0.5 })),
    { text: 'reset my PASSWORD', label: 'a' },
  ];
  const { rows: left, quarantined } = clean(rows);
  expect(left).toEqual([{ ...rows[0], weight: 3 }]);
  expect(quarantined.map((q) => q.reason)).toEqual(Array(5).fill('duplicate'));
});

it('of contradicting labels the heavier prevails; where none does all go', () => {
  const row = (label: string, weight: number) => ({ text: 'reset my password', label, weight });
  expect(clean([row('a', 1), row('a', 1), row('b', 0.5)])).toMatchObject({ rows: [{ label: 'a' }] });
  expect(why([row('a', 1), row('b', 0.5), row('a', 1)])).toEqual([
    [1, 'conflict'],
    [2, 'duplicate'],
  ]);
  expect(why([row('a', 1), row('b', 1)])).toEqual([
    [0, 'conflict'],
    [1, 'conflict'],
  ]);
});

it('nearly the same long text is a copy; a short text that shares words is not', () => {
  const long =
    'the payments service answers with error five hundred since the deploy of last night and customers cannot pay their open invoices any more please look at it soon thank you';
  expect(
    why([
      { text: long, label: 'a' },
      { text: `${long} kind regards`, label: 'a' },
    ]),
  ).toEqual([[1, 'near-duplicate']]);
  expect(
    clean([
      { text: long, label: 'a' },
      { text: `${long} kind regards`, label: 'b' },
    ]),
  ).toMatchObject({ quarantined: [], nearConflicts: 1 });
  expect(
    why([
      { text: 'book a flight to paris', label: 'a' },
      { text: 'book a flight to london', label: 'a' },
    ]),
  ).toEqual([]);
});

it('a training row that repeats a held-out text, or nearly, is a leak', () => {
  const rows = real(20);
  expect(why(rows, { heldOut: [text(3).toUpperCase(), `${text(5)} today`], likeness: 0.8 })).toEqual([
    [3, 'leak'],
    [5, 'leak'],
  ]);
});

it('made-up rows are told from real ones by clock, texts and names, and stay when they are asked for', () => {
  const at = (i: number, fraction: string) =>
    `2026-11-0${1 + (i % 9)}T10:${String(i % 60).padStart(2, '0')}:07.${fraction}Z`;
  const fixed = real(30).map((row, i) => ({ ...row, at: at(i, '123456'), sayer: 'file-1' }));
  const ticking = real(30).map((row, i) => ({ ...row, at: at(i, `${100 + i}456`), sayer: 'file-2' }));
  const whole = real(30).map((row, i) => ({ ...row, at: at(i, '000'), sayer: 'file-3' }));
  expect(clean(fixed)).toMatchObject({ rows: [], origins: { generated: 30 } });
  expect(clean(fixed).quarantined[0]?.detail).toMatch(/same fraction of a second, \.123456/);
  expect(clean(ticking).rows).toHaveLength(30);
  expect(clean(whole).rows).toHaveLength(30);
  const template = Array.from({ length: 300 }, (_, i) => ({
    text: `fix bug number ${i} in module ${i % 7}`,
    label: 'a',
    sayer: 'g',
  }));
  expect(clean(template)).toMatchObject({ rows: [], origins: { generated: 300 } });
  expect(clean(template, { origins: ['real', 'generated'] }).rows.length).toBeGreaterThan(200);
  const named = ['test-1', 'demo_task', 'ci/sample42', 'latest-7', 'fix-test-7', 'contest'].map((task, i) => ({
    text: text(i),
    label: 'a',
    task,
  }));
  expect(why(named)).toEqual([
    [0, 'test'],
    [1, 'test'],
    [2, 'test'],
  ]);
  expect(why([{ text: 'x', label: 'a', provenance: 'generated' }])).toEqual([[0, 'generated']]);
});

it('the report counts every row once, warns of what moved, and is found by the next training', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-report-'));
  try {
    const before = reportOf(
      clean([...real(100), ...real(100).map((r) => ({ ...r, text: `${r.text} twice over`, label: 'cicd' }))]),
      { family: 'router', at: '2026-11-21T00:00:00.000Z' },
    );
    expect(before).toMatchObject({ given: 200, labels: { security: { rows: 100 } }, warnings: [] });
    expect(before.balance).toBeCloseTo(1);
    await writeReport(folder, before, []);
    const rows = [...real(150), { text: '', label: 'a' }, { text: 'one | row', label: 'inventory' }];
    const cleaned = clean(rows);
    const previous = await readLastReport(folder, 'router');
    const now = reportOf(cleaned, { family: 'router', at: '2026-11-22T00:00:00.000Z', previous });
    expect(now.given).toBe(rows.length);
    expect(now.kept + Object.values(now.dropped).reduce((a, b) => a + b, 0)).toBe(rows.length);
    expect(now.drift).toMatchObject({ since: before.at, new_labels: ['inventory'], gone_labels: ['cicd'] });
    expect(now.warnings.join('\n')).toMatch(/the labels are not those of[\s\S]*labels without rows now: cicd/);
    await writeReport(folder, now, cleaned.quarantined);
    const [quarantine = ''] = await readdir(join(folder, 'quarantine'));
    expect(
      JSON.parse((await readFile(join(folder, 'quarantine', quarantine), 'utf8')).split('\n')[0] ?? ''),
    ).toMatchObject({ index: 150, reason: 'schema' });
    expect(reportMarkdown(now)).toMatch(/\| schema \| 1 \|/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('the stability index is zero for the same shares and grows with the change', () => {
  expect(stabilityIndex({ a: 1_000, b: 1_000 }, { a: 1_000, b: 1_000 })).toBe(0);
  const little = stabilityIndex({ a: 1_000, b: 1_000 }, { a: 1_100, b: 900 });
  const much = stabilityIndex({ a: 1_000, b: 1_000 }, { a: 1_800, b: 200 });
  expect(little).toBeLessThan(0.1);
  expect(much).toBeGreaterThan(0.25);
});
