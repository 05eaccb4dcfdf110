// `cortex evaluate` from the command line to the document, on a handful of rows; what the figures are worth is tested with the models.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../run.js';

const folder = mkdtempSync(join(tmpdir(), 'cortex-evaluate-'));
const file = (name: string, rows: readonly object[]) => {
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return join(folder, name);
};
const WORDS = { fruit: ['apple', 'pear', 'plum', 'cherry'], tools: ['hammer', 'pliers', 'chisel', 'drill'] };
const rows = (from: number, to: number) =>
  Object.entries(WORDS).flatMap(([label, words]) =>
    Array.from({ length: to - from }, (_, i) => ({
      text: `order ${words[(from + i) % 4]} and ${words[(from + 3 * i + 1) % 4]}, batch ${from + i}`,
      label,
    })),
  );

let out = '';
let err = '';
beforeAll(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  out = '';
  err = '';
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('cortex evaluate routing', () => {
  it('prints one JSON document and writes a row per test row', async () => {
    const args = ['--train', file('train.jsonl', rows(0, 40)), '--test', file('test.jsonl', rows(40, 60))];
    const predictions = join(folder, 'predictions.jsonl');
    expect(
      await run(['evaluate', 'routing', ...args, '--no-encoder', '--json', '--predictions', predictions]),
      err,
    ).toBe(0);
    const document = JSON.parse(out);
    expect(document.accuracy).toBeGreaterThan(0.9);
    expect(document).toMatchObject({ baseline_rule: {}, baseline_linear: {}, per_class: { fruit: {}, tools: {} } });
    expect(readFileSync(predictions, 'utf8').trim().split('\n')).toHaveLength(40);
  });

  it('names file, line and field of a bad row, with 2', async () => {
    const train = file('bad.jsonl', [{ text: 'a', label: 'x' }, { label: 'y' }]);
    expect(await run(['evaluate', 'routing', '--train', train, '--test', train, '--no-encoder'])).toBe(2);
    expect(err).toContain(`cortex: ${train}: line 2, field "text"`);
    expect(out).toBe('');
  });
});
