import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedRows } from '../../prediction/generated-rows.test-data.js';
import { savePredictor, trainPredictor } from '../../prediction/index.js';
import { type OutcomesDocument, readOutcomes, runEvaluateOutcomes } from './index.js';
import { spearman } from './scores.js';

let folder: string;
const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const flat = (count: number, seed: number) =>
  generatedRows(count, seed).map(({ features, success, ...row }) => ({ ...row, ...features, success: success === 1 }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-outcomes-'));
  await writeFile(join(folder, 'train.jsonl'), lines(flat(500, 1)));
  await writeFile(join(folder, 'test.jsonl.gz'), gzipSync(lines(flat(300, 2))));
});
afterAll(() => rm(folder, { recursive: true }));

describe('evaluate outcomes', () => {
  let document: OutcomesDocument;
  beforeAll(async () => {
    const predictions = join(folder, 'said.jsonl');
    document = await runEvaluateOutcomes({
      train: join(folder, 'train.jsonl'),
      test: join(folder, 'test.jsonl.gz'),
      predictions,
    });
  });

  it('has every key of the contract, and beats both baselines where there is something to learn', () => {
    for (const key of ['auroc', 'brier', 'ece', 'precision', 'recall', 'f1', 'base_rate'] as const) {
      expect(document[key]).toBeTypeOf('number');
    }
    expect(document.auroc!).toBeGreaterThan(document.baseline_master!.auroc);
    expect(document.difference_to_master!.brier.high).toBeLessThan(0);
    for (const key of ['mae', 'medae', 'rmse', 'p90_coverage', 'spearman', 'baseline_median'] as const) {
      expect(document.minutes![key]).toBeTypeOf('number');
    }
    expect(document.minutes!.mae).toBeLessThan(document.minutes!.baseline_median);
    expect(document.tokens).toBeUndefined();
  });

  it('writes one row a test row, with its line', async () => {
    const said = (await readFile(join(folder, 'said.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(said).toHaveLength(300);
    expect(said[299]).toMatchObject({ line: 300, success: { no_idea: false } });
  });

  it('scores a saved model without the training rows, to the same figures', async () => {
    const { rows } = await readOutcomes(join(folder, 'train.jsonl'));
    await savePredictor(await trainPredictor(rows, { seed: 1 }), join(folder, 'model'), { rows });
    const again = await runEvaluateOutcomes({ test: join(folder, 'test.jsonl.gz'), model: join(folder, 'model') });
    expect(again.auroc).toBe(document.auroc);
    expect(again.minutes!.mae).toBe(document.minutes!.mae);
    expect(again.minutes!.baseline_median).toBeCloseTo(document.minutes!.baseline_median, 4);
    await expect(runEvaluateOutcomes({ test: join(folder, 'test.jsonl.gz') })).rejects.toThrow(/--train: is missing/);
  });

  it('predicts the same when the test outcomes are shuffled', async () => {
    const rows = flat(300, 2);
    const shuffled = rows.map((row, i) => ({
      ...row,
      success: rows[(i + 7) % 300]!.success,
      minutes: rows[(i + 7) % 300]!.minutes,
    }));
    await writeFile(join(folder, 'shuffled.jsonl'), lines(shuffled));
    const predictions = join(folder, 'said-shuffled.jsonl');
    await runEvaluateOutcomes({
      train: join(folder, 'train.jsonl'),
      test: join(folder, 'shuffled.jsonl'),
      predictions,
    });
    expect(await readFile(predictions, 'utf8')).toBe(await readFile(join(folder, 'said.jsonl'), 'utf8'));
  });
});

describe('reading rows', () => {
  const write = async (name: string, text: string | Uint8Array) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  it('shows bad rows by line and field and goes on', async () => {
    const good = flat(200, 3).map((row) => JSON.stringify(row));
    good[4] = '{"text": 3, "master": "a"}';
    good[9] = '{"text": "x", "master": "a", "minutes": -1}';
    good[11] = '{broken';
    const read = await readOutcomes(await write('some-bad.jsonl', good.join('\r\n')));
    expect(read.rows).toHaveLength(197);
    expect(read.bad.shown.map(({ line, field }) => [line, field])).toEqual([
      [5, 'text'],
      [10, 'minutes'],
      [12, '(row)'],
    ]);
  });

  it('refuses more than one bad row in twenty, naming file, line and field', async () => {
    const file = await write('bad.jsonl', lines([...flat(10, 4), { text: 'x', master: 'a', success: 'maybe' }]));
    await expect(readOutcomes(file)).rejects.toMatchObject({
      name: 'EvaluateInputError',
      file,
      line: 11,
      field: 'success',
    });
  });

  it('refuses a file without targets, an empty one, one cut off, and one that is not there', async () => {
    await expect(readOutcomes(await write('none.jsonl', lines([{ text: 'x', master: 'a' }])))).rejects.toThrow(
      /no row has any of success/,
    );
    await expect(readOutcomes(await write('empty.jsonl', ''))).rejects.toThrow(/holds no rows/);
    const cut = gzipSync(lines(flat(500, 5)));
    await expect(readOutcomes(await write('cut.jsonl.gz', cut.subarray(0, 900)))).rejects.toThrow(/cannot be read/);
    await expect(readOutcomes(join(folder, 'absent.jsonl'))).rejects.toThrow(/cannot be read/);
    await expect(readOutcomes(join(folder, 'absent.jsonl.gz'))).rejects.toThrow(/cannot be read/);
  });

  it('ranks ties at their mean', () => {
    expect(spearman([1, 2, 2, 3], [10, 20, 20, 30])).toBeCloseTo(1, 12);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});
