import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedSeries } from '../../anomaly/generated-series.test-data.js';
import type { GaugeTable } from '../../anomaly/index.js';
import { seededRandom } from '../../metrics/index.js';
import { runEvaluateAnomalies as evaluate, type RunEvaluateAnomaliesOptions } from './index.js';
import { averagePrecision, bestF1, labelledSpans, ranked, vusPr } from './scores.js';

/** Most promises here are not about the autoencoder: a few steps of it do. */
const runEvaluateAnomalies = (options: RunEvaluateAnomaliesOptions) => evaluate({ autoencoderSteps: 20, ...options });

let folder: string;
const START = Date.parse('2026-01-01T00:00:00Z');
const at = (t: number) => new Date(START + t * 60_000).toISOString();
const csv = ({ gauges, columns }: GaugeTable, from = 0) =>
  [
    `at,${gauges.join(',')}`,
    ...Array.from(columns[0]!, (_, t) =>
      [at(from + t), ...columns.map((c) => (Number.isNaN(c[t]!) ? '' : c[t]))].join(','),
    ),
  ].join('\n');
const labels = (label: ArrayLike<number>, from: number) =>
  ['at,label', ...Array.from(label, (l, t) => `${at(from + t)},${l}`)].join('\n');

const made = generatedSeries(1);
const write = async (name: string, text: string | Uint8Array) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
let files: { train: string; test: string; labels: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-anomalies-'));
  files = {
    train: await write('a.csv', csv(made.train)),
    test: await write('b.csv.gz', gzipSync(csv(made.test, 600))),
    labels: await write('l.csv', labels(made.label, 600)),
  };
});
afterAll(() => rm(folder, { recursive: true }));

describe('evaluate anomalies', () => {
  it('has every key of the contract and finds much of what random scores do not', async () => {
    const document = await runEvaluateAnomalies(files);
    if ('mean' in document) throw new Error('one series has no mean');
    for (const key of ['auc_pr', 'auc_roc', 'vus_pr', 'best_f1', 'alerts_per_1000', 'delay_steps'] as const)
      expect(document[key], key).toBeTypeOf('number');
    expect(document.auc_pr!).toBeGreaterThan(3 * document.detectors.random!);
    expect(document.auc_roc!).toBeGreaterThan(0.8);
    expect(document.gauges[0]!.gauge).toBe('gauge0');
    expect(document.detectors.autoencoder!).toBeGreaterThan(document.detectors.random!);
  });

  it('never lets a label change a score', async () => {
    const scores = join(folder, 'scores.csv');
    await runEvaluateAnomalies({ ...files, scores });
    const before = await readFile(scores, 'utf8');
    expect(before.trim().split('\n')).toHaveLength(1201);
    const turned = await write(
      'turned.csv',
      labels(
        made.label.map((l) => 1 - l),
        600,
      ),
    );
    await runEvaluateAnomalies({ ...files, labels: turned, scores });
    expect(await readFile(scores, 'utf8')).toBe(before);
  });

  it('prints each series of a folder and their mean; one without labels does not count as a miss', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    for (const [name, label] of [
      ['x', made.label],
      ['calm', made.label.map(() => 0)],
    ] as const) {
      await writeFile(join(many, `${name}.train.csv`), csv(made.train));
      await writeFile(join(many, `${name}.test.csv`), csv(made.test, 600));
      await writeFile(join(many, `${name}.labels.csv`), labels(label, 600));
    }
    const document = await runEvaluateAnomalies({ series: many });
    if (!('mean' in document)) throw new Error('a folder has a mean');
    expect(Object.keys(document.series)).toEqual(['calm', 'x']);
    expect(document.series.calm!.auc_pr).toBeNull();
    expect(document.mean).toMatchObject({ auc_pr: document.series.x!.auc_pr, series: 2, scored: 1 });
    expect(document.mean.auc_pr_all).toBeCloseTo(document.series.x!.auc_pr! / 2, 12);
  });

  it('takes labels of some steps only, the others being 0', async () => {
    const some = ['at,label', ...Array.from(made.label, (l, t) => (l ? `${at(600 + t)},1` : '')).filter(Boolean)];
    const full = await runEvaluateAnomalies(files);
    const sparse = await runEvaluateAnomalies({ ...files, labels: await write('some.csv', some.join('\n')) });
    expect(sparse).toMatchObject({ auc_pr: (full as { auc_pr: number }).auc_pr });
  });

  it('takes rows in any order: the same scores and figures as of the sorted files', async () => {
    const shuffled = async (name: string, text: string) => {
      const [header, ...rows] = text.split('\n');
      const random = seededRandom(3);
      const mixed = rows.map((row) => ({ row, by: random() })).sort((a, b) => a.by - b.by);
      return write(name, [header, ...mixed.map(({ row }) => row)].join('\n'));
    };
    const mixed = {
      train: await shuffled('a-mixed.csv', csv(made.train)),
      test: await shuffled('b-mixed.csv', csv(made.test, 600)),
      // In the order of the test part's rows once, in the order of time once: both are told by their times.
      labels: await shuffled('l-mixed.csv', labels(made.label, 600)),
    };
    const scores = join(folder, 'mixed-scores.csv');
    const { seconds: _, ...sorted } = await runEvaluateAnomalies({ ...files, scores, autoencoderSteps: 0 });
    const before = await readFile(scores, 'utf8');
    for (const own of [mixed.labels, files.labels]) {
      const { seconds: __, ...found } = await runEvaluateAnomalies({
        ...mixed,
        labels: own,
        scores,
        autoencoderSteps: 0,
      });
      const { out_of_order, ...steps } = (found as { steps: { out_of_order: number } }).steps;
      expect(out_of_order).toBeGreaterThan(1_000);
      expect({ ...found, steps: { ...steps, out_of_order: 0 } }).toEqual(sorted);
      expect(await readFile(scores, 'utf8')).toBe(before);
    }
  });

  it.each([
    ['a cell that is no number', 'at,v\n2026-01-01,1\n2026-01-02,abc', { line: 3, field: 'v' }],
    ['a time that is none', 'at,v\nyesterday,1', { line: 2, field: 'at' }],
    ['a row that is too short', 'at,v,w\n2026-01-01,1', { line: 2 }],
    ['a column named twice', 'at,v,v\n2026-01-01,1,2', { line: 1, field: 'v' }],
    ['no column at', 'time,v\n2026-01-01,1', { line: 1, field: 'at' }],
    ['no gauge', 'at\n2026-01-01', { line: 1 }],
    ['an empty file', '', { line: 1 }],
    ['too few steps', 'at,gauge0\n2026-01-01,1', {}],
  ])('refuses %s by file, line and field', async (_, text, place) => {
    const train = await write('bad.csv', text);
    const refused = runEvaluateAnomalies({ ...files, train });
    await expect(refused).rejects.toMatchObject({ name: 'EvaluateInputError', file: train, ...place });
  });

  it('refuses a test part without a gauge, a label of no step, a file cut off and one that is not there', async () => {
    const lacking = await write('lacking.csv', csv({ gauges: ['gauge0'], columns: [made.test.columns[0]!] }, 600));
    await expect(runEvaluateAnomalies({ ...files, test: lacking })).rejects.toMatchObject({
      file: lacking,
      field: 'gauge1',
    });
    const stray = await write('stray.csv', `at,label\n${at(5)},1`);
    await expect(runEvaluateAnomalies({ ...files, labels: stray })).rejects.toMatchObject({
      file: stray,
      line: 2,
      field: 'at',
    });
    const cut = await write('cut.csv.gz', gzipSync(csv(made.test)).subarray(0, 5000));
    await expect(runEvaluateAnomalies({ ...files, test: cut })).rejects.toMatchObject({ file: cut });
    const none = join(folder, 'none.csv');
    await expect(runEvaluateAnomalies({ ...files, train: none })).rejects.toMatchObject({ file: none });
  });
});

describe('figures', () => {
  it('average precision and best F1 by hand', () => {
    const ranks = ranked(Float64Array.from([4, 3, 2, 1]));
    expect(averagePrecision(ranks, [1, 0, 1, 0])).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(bestF1(ranks, [1, 0, 1, 0])).toBeCloseTo(0.8, 12);
    expect(averagePrecision(ranked(new Float64Array(4)), [1, 0, 1, 0])).toBe(0.5);
  });

  it('spans hold their first and last step', () => {
    expect(labelledSpans([0, 1, 1, 0, 1])).toEqual([
      { from: 1, to: 2 },
      { from: 4, to: 4 },
    ]);
  });

  it('VUS-PR is near 1 for the labels themselves, forgives a near miss, and not a far one', () => {
    const label = Uint8Array.from({ length: 1000 }, (_, t) => (t >= 400 && t < 440 ? 1 : 0));
    const moved = (by: number) =>
      vusPr(ranked(Float64Array.from(label, (_, t) => (label[t - by] ?? 0) + 1e-6 * ((t * 7919) % 1000))), label, 40);
    expect(moved(0)).toBeGreaterThan(0.85);
    expect(moved(15)).toBeLessThan(moved(0));
    expect(moved(15)).toBeGreaterThan(3 * moved(300));
  });

  it('a random score gets the share of labelled steps, not the .95 of point adjustment', () => {
    const label = Uint8Array.from({ length: 4000 }, (_, t) => (t % 400 < 40 ? 1 : 0));
    const score = Float64Array.from({ length: 4000 }, (_, t) => (t * 2_654_435_761) % 4096);
    expect(averagePrecision(ranked(score), label)).toBeLessThan(0.15);
    expect(bestF1(ranked(score), label)).toBeLessThan(0.25);
  });
});

const data = process.env.CORTEX_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const real = join(data, 'anomalies', 'nab');
const wanted = existsSync(real) || process.env.CORTEX_REQUIRE_ALL === '1';
if (!wanted) console.warn(`Anomalies on real data are skipped: no folder "anomalies/nab" in ${data}; set CORTEX_DATA.`);

it.runIf(wanted)('beats every single detector and a random score on real series', { timeout: 600_000 }, async () => {
  const document = await evaluate({ series: real });
  if (!('mean' in document)) throw new Error('a folder has a mean');
  for (const [name, alone] of Object.entries(document.mean.detectors))
    expect(document.mean.auc_pr!, name).toBeGreaterThan(alone!);
  expect(document.mean.auc_pr_all).toBeGreaterThan(0.3);
});
