import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveRouter, trainRouter } from '../../router/index.js';
import { makeRows, wordEncoder } from '../../router/rows-for-tests.js';
import {
  EvaluationFileEmpty,
  EvaluationFileUnreadable,
  MastersInvalid,
  NothingToEvaluate,
  runEvaluateRouting,
  SingleLabel,
  TooManyBadRows,
  TooManyLabels,
} from './index.js';

let folder: string;
const at = (name: string) => join(folder, name);
const lines = (rows: readonly unknown[]) => `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
const encoder = wordEncoder();
const counts = { security: 40, inventory: 40, development: 40 };
const train = makeRows({ counts, outsiders: 20, seed: 1 });
const test = makeRows({ counts: { security: 30, inventory: 30, development: 30 }, outsiders: 30, seed: 2 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-evaluate-'));
  await writeFile(at('train.jsonl.gz'), gzipSync(lines(train)));
  await writeFile(at('test.jsonl'), lines(test));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('evaluate routing', () => {
  it('prints every figure of the contract, and the figures are those of the predictions it writes', async () => {
    const stages = new Set<string>();
    const document = await runEvaluateRouting({
      train: at('train.jsonl.gz'),
      test: at('test.jsonl'),
      predictions: at('predictions.jsonl'),
      encoder,
      onProgress: ({ stage, done }) => {
        expect(done).toBeGreaterThanOrEqual(0);
        expect(done).toBeLessThanOrEqual(1);
        stages.add(stage);
      },
    });
    const written = (await readFile(at('predictions.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { prediction: string; scope: number; conformal: string[]; abstain: boolean });
    expect(written).toHaveLength(test.length);
    const labelled = test.flatMap(({ label }, i) => (label === null ? [] : [{ label, row: written[i]! }]));
    const accuracy = labelled.filter(({ label, row }) => row.prediction === label).length / labelled.length;
    expect(document.accuracy).toBeCloseTo(accuracy, 12);
    expect(document.accuracy).toBeGreaterThan(0.9);
    const coverage = labelled.filter(({ label, row }) => row.conformal.includes(label)).length / labelled.length;
    expect(document.coverage).toBeCloseTo(coverage, 12);
    const outside = written.filter((_, i) => test[i]!.label === null);
    expect(document.abstain_recall).toBeCloseTo(outside.filter(({ abstain }) => abstain).length / outside.length, 12);
    expect(document.oos_auroc).toBeGreaterThan(0.9);
    expect(Object.keys(document.per_class).sort()).toEqual(['development', 'inventory', 'security']);
    for (const key of ['macro_f1', 'weighted_f1', 'ece', 'set_size', 'train_seconds'] as const) {
      expect(document[key]).toBeGreaterThanOrEqual(0);
    }
    expect(document.early_exit).toMatchObject({ share: expect.any(Number), loss: expect.any(Number) });
    expect(document.latency_ms.p99).toBeGreaterThanOrEqual(document.latency_ms.p50);
    expect(document.baseline_linear!.accuracy).toBeGreaterThan(0.8);
    expect(document.baseline_rule!.accuracy).toBeGreaterThan(0.2);
    expect(document.intervals.accuracy!.low).toBeLessThanOrEqual(document.accuracy!);
    for (const mistake of document.worst_mistakes) expect(mistake.explanation.length).toBeGreaterThan(0);
    expect([...stages]).toEqual(expect.arrayContaining(['cross-fitting', 'asking', 'baselines']));
  });

  it('never looks at the test labels before it has answered', async () => {
    const shuffled = test.map(({ text }, i) => ({ text, label: test[(i * 37 + 11) % test.length]!.label }));
    await writeFile(at('shuffled.jsonl'), lines(shuffled));
    const predict = async (file: string) => {
      const predictions = at('p.jsonl');
      await runEvaluateRouting({
        train: at('train.jsonl.gz'),
        test: at(file),
        predictions,
        encoder,
        seed: 4,
        baselines: false,
      });
      return readFile(predictions, 'utf8');
    };
    expect(await predict('shuffled.jsonl')).toBe(await predict('test.jsonl'));
  });

  it('scores a saved router as it is', async () => {
    const model = await trainRouter({ masters: [], rows: train, encoder, seed: 2 });
    await saveRouter(model, at('model'));
    const document = await runEvaluateRouting({ model: at('model'), test: at('test.jsonl'), encoder });
    const answers = await model.route(
      test.map(({ text }) => ({ text })),
      { useCascade: false },
    );
    const labelled = test.flatMap(({ label }, i) => (label === null ? [] : [Number(answers[i]!.master === label)]));
    expect(document.accuracy).toBeCloseTo(labelled.reduce((sum, hit) => sum + hit, 0) / labelled.length, 12);
    expect(document.train_seconds).toBe(0);

    await writeFile(at('no-label.jsonl'), lines(test.slice(0, 20).map(({ text }) => ({ text, label: null }))));
    const none = await runEvaluateRouting({ model: at('model'), test: at('no-label.jsonl'), encoder });
    expect(none).toMatchObject({
      accuracy: null,
      macro_f1: null,
      ece: null,
      coverage: null,
      brier: null,
      rows: { test: 20, with_label: 0 },
    });
    expect(none.abstain_recall).toBeGreaterThanOrEqual(0);
  });

  it('is zero-shot with masters alone, and finds a label without rows through its description', async () => {
    const masters = [
      { name: 'security', description: 'vulnerability scan, cve, secret, firewall, breach, audit' },
      { name: 'inventory', description: 'repository catalog, owner, stale, archive, asset, register' },
      { name: 'development', description: 'feature, refactor, function, bug, implement, compile, merge' },
    ];
    await writeFile(at('masters.json'), JSON.stringify(masters));
    const zero = await runEvaluateRouting({ masters: at('masters.json'), test: at('test.jsonl'), encoder });
    expect(zero.accuracy).toBeGreaterThan(0.75);
    expect(zero.baseline_nearest_description!.accuracy).toBeGreaterThan(0.4);
    expect(zero.baseline_linear).toBeNull();
    await writeFile(at('two.jsonl'), lines(train.filter(({ label }) => label !== 'security')));
    const partial = await runEvaluateRouting({
      train: at('two.jsonl'),
      masters: at('masters.json'),
      test: at('test.jsonl'),
      encoder,
    });
    expect(partial.per_class.security!.recall).toBeGreaterThan(0.5);
  });

  it('counts and shows bad rows, and goes on while they are few', async () => {
    const rows = lines(train).trim().split('\n');
    rows.splice(3, 0, '{"text": 5, "label": "security"}', 'no json');
    await writeFile(at('some-bad.jsonl'), rows.join('\n'));
    const document = await runEvaluateRouting({
      train: at('some-bad.jsonl'),
      test: at('test.jsonl'),
      baselines: false,
    });
    expect(document.rows.bad.train_count).toBe(2);
    expect(document.rows.bad.train).toEqual([
      { line: 4, field: 'text', problem: 'it must be a string' },
      { line: 5, field: null, problem: 'it is not JSON' },
    ]);
    expect(document.rows.train).toBe(train.length);
  });
});

describe('evaluate routing refuses, naming file, line and field,', () => {
  const refused = async (content: string, kind: new (...args: never[]) => Error, where: object) => {
    await writeFile(at('bad.jsonl'), content);
    const run = runEvaluateRouting({ train: at('bad.jsonl'), test: at('test.jsonl') });
    const error: unknown = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ file: at('bad.jsonl'), ...where });
  };

  it('more than one bad row in twenty', async () => {
    const good = lines(train.slice(0, 20));
    await refused(`${good}{"text": "x"}\n{"text": "", "label": "a"}\n`, TooManyBadRows, {
      line: 21,
      field: 'label',
      bad: 2,
    });
  });
  it('a file with a single label', async () => {
    await refused(lines(train.filter(({ label }) => label === 'security')), SingleLabel, { line: 1, field: 'label' });
  });
  it('an empty file', async () => {
    await refused('\n\n', EvaluationFileEmpty, { line: null });
  });
  it('more than a thousand labels', async () => {
    const many = Array.from({ length: 1001 }, (_, i) => ({ text: `t ${i}`, label: `l${i}` }));
    await refused(lines(many), TooManyLabels, { line: 1001, field: 'label' });
  });
  it('a file that is not there, is not the gzip its name says, or masters that are no list', async () => {
    await expect(runEvaluateRouting({ train: at('none'), test: at('test.jsonl') })).rejects.toThrow(
      EvaluationFileUnreadable,
    );
    await writeFile(at('fake.gz'), 'plain text');
    await expect(runEvaluateRouting({ train: at('fake.gz'), test: at('test.jsonl') })).rejects.toThrow(
      EvaluationFileUnreadable,
    );
    await writeFile(at('bad-masters.json'), '[{"name": "a"}, {"description": "nameless"}]');
    const masters = runEvaluateRouting({ masters: at('bad-masters.json'), test: at('test.jsonl') });
    await expect(masters).rejects.toThrow(MastersInvalid);
    await expect(masters).rejects.toMatchObject({ field: '[1].name' });
    await expect(runEvaluateRouting({ test: at('test.jsonl') })).rejects.toThrow(NothingToEvaluate);
  });
});
