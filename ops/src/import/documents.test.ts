import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentsOf, type Found, isBroken, Splitter } from './documents.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-documents-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function split(...chunks: string[]): Found[] {
  const splitter = new Splitter();
  return [...chunks.flatMap((chunk) => [...splitter.take(chunk)]), ...splitter.end()];
}

const good = (found: Found[]) => found.flatMap((f) => (isBroken(f) ? [] : [f.value]));
const broken = (found: Found[]) => found.flatMap((f) => (isBroken(f) ? [[f.line, f.reason]] : []));

describe('documents of an older file', () => {
  it('are found one a line, pretty-printed one after another, in one array, and in an object around an array', () => {
    const rows = [
      { a: 1, b: { c: ['x', '}'] } },
      { a: 2, s: 'a "quoted" {brace}\n' },
    ];
    expect(good(split(rows.map((row) => JSON.stringify(row)).join('\n')))).toEqual(rows);
    expect(good(split(rows.map((row) => JSON.stringify(row, null, 2)).join('\n')))).toEqual(rows);
    expect(good(split(JSON.stringify(rows, null, 2)))).toEqual(rows);
    const wrapped = split(JSON.stringify({ version: '1', tasks: rows, total: 2 }, null, 2));
    expect(wrapped.slice(0, 2).map((f) => !isBroken(f) && [f.within, f.value])).toEqual(
      rows.map((row) => ['tasks', row]),
    );
    expect(good(wrapped)[2]).toEqual({ version: '1', tasks: [], total: 2 });
  });

  it('are the same however the text is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (rows, size, pretty) => {
          const text = rows.map((row) => JSON.stringify(row, null, pretty ? 2 : 0)).join('\n');
          const chunks = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
          // A row whose keys look like a wrapper is opened on purpose; not the subject here.
          fc.pre(!/"(tasks|items|history|results|records|entries)"/.test(text));
          expect(good(split(...chunks))).toEqual(JSON.parse(`[${rows.map((r) => JSON.stringify(r)).join(',')}]`));
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it('that are broken are named by line and reason, and everything behind them is read', () => {
    const found = split(
      '{"a":1}\n{"status": ,}\n{"a":2}\n{"cut": {"b":\n{"a":3}\nnot json at all\n{"text":"cut in a string\n{"a":4}\n',
    );
    expect(good(found)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]);
    expect(broken(found).map(([line]) => line)).toEqual([2, 4, 6, 7]);
    expect(broken(found)[1]?.[1]).toBe('it ends in the middle');
    expect(broken(split('{\n  "a": 1,\n  "b": [\n{\n  "a": 2\n}\n')).length).toBeGreaterThan(0);
  });

  it('may be compressed, begin with a byte order mark, and end without a line end', async () => {
    const path = join(folder, 'rows.jsonl.gz');
    await writeFile(path, gzipSync('\uFEFF{"a":1}\r\n{"a":2}'));
    const found: Found[] = [];
    for await (const one of documentsOf(path)) found.push(one);
    expect(good(found)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('of a damaged gzip file are read up to the damage, which is named', async () => {
    const path = join(folder, 'cut.jsonl.gz');
    const whole = gzipSync(Array.from({ length: 20_000 }, (_, i) => `{"a":${i},"b":"${Math.sin(i)}"}`).join('\n'));
    await writeFile(path, whole.subarray(0, whole.length / 2));
    const found: Found[] = [];
    for await (const one of documentsOf(path)) found.push(one);
    expect(good(found).length).toBeGreaterThan(1_000);
    expect(broken(found).at(-1)?.[1]).toMatch(/gzip stream is damaged/);
  });
});
