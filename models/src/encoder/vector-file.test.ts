import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VectorFile } from './vector-file.js';

const dimensions = 8;
const recordBytes = 4 + 32 + dimensions * 4 + 8;
const keyOf = (n: number | string) => createHash('sha256').update(String(n)).digest('hex');
const vectorOf = (n: number) => Float32Array.from({ length: dimensions }, (_, d) => Math.sin(n * 31 + d));
const entries = (from: number, to: number) =>
  new Map(Array.from({ length: to - from }, (_, k) => [keyOf(from + k), vectorOf(from + k)] as const));

describe('vectors on disk', () => {
  let folder: string;
  const opened: VectorFile[] = [];
  const openFile = (maxBytes?: number) => {
    const file = new VectorFile(folder, 'encoder-a', dimensions, { maxBytes, freshMs: 0 });
    opened.push(file);
    return file;
  };
  const onlyFile = async () => join(folder, (await readdir(folder))[0] ?? '');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-vectors-'));
  });
  afterEach(async () => {
    for (const file of opened.splice(0)) await file.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives back exactly what was stored, and nothing for other keys', async () => {
    await openFile().store(entries(0, 50));
    const found = await openFile().lookup([keyOf(7), keyOf('unknown'), keyOf(49)]);
    expect(found).toEqual(new Map([7, 49].map((n) => [keyOf(n), vectorOf(n)])));
  });

  it('lets two writers append at once and each see what the other wrote', async () => {
    const [a, b] = [openFile(), openFile()];
    await Promise.all(Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? a : b).store(entries(k * 10, k * 10 + 10))));
    const keys = Array.from({ length: 200 }, (_, n) => keyOf(n));
    expect((await a.lookup(keys)).size).toBe(200);
    expect((await b.lookup(keys)).size).toBe(200);
    expect((await stat(await onlyFile())).size).toBe(200 * recordBytes);
  });

  it('takes the records of several processes that write at the same time', async () => {
    const module = new URL('../../dist/encoder/vector-file.js', import.meta.url).href;
    const write = (base: number) => `
      import { createHash } from 'node:crypto';
      import { VectorFile } from ${JSON.stringify(module)};
      const file = new VectorFile(${JSON.stringify(folder)}, 'encoder-a', ${dimensions}, { freshMs: 0 });
      for (let n = ${base}; n < ${base + 200}; n += 5) {
        await file.store(new Map(Array.from({ length: 5 }, (_, k) => [
          createHash('sha256').update(String(n + k)).digest('hex'),
          Float32Array.from({ length: ${dimensions} }, (_, d) => Math.sin((n + k) * 31 + d)),
        ])));
      }
      await file.close();
      if (file.problem) throw file.problem;`;
    const run = promisify(execFile);
    await Promise.all(
      [0, 200, 400].map((base) => run(process.execPath, ['--input-type=module', '--eval', write(base)])),
    );
    const found = await openFile().lookup([...entries(0, 600).keys()]);
    expect(found).toEqual(entries(0, 600));
  });

  it('loses only the torn record when a writer died in the middle of it', async () => {
    await openFile().store(entries(0, 10));
    await truncate(await onlyFile(), 9 * recordBytes + 13);
    const after = openFile();
    await after.store(entries(20, 30));
    const found = await openFile().lookup([...entries(0, 10).keys(), ...entries(20, 30).keys()]);
    expect(found.size).toBe(19);
    expect(found.has(keyOf(9))).toBe(false);
    for (let n = 20; n < 30; n++) expect(found.get(keyOf(n))).toEqual(vectorOf(n));
  });

  it('does not hand out a vector whose bytes were changed', async () => {
    await openFile().store(entries(0, 3));
    const path = await onlyFile();
    const bytes = await readFile(path);
    bytes[recordBytes + 50] = (bytes[recordBytes + 50] ?? 0) ^ 0x10;
    await writeFile(path, bytes);
    const found = await openFile().lookup([keyOf(0), keyOf(1), keyOf(2)]);
    expect([...found.keys()]).toEqual([keyOf(0), keyOf(2)]);
  });

  it('reads on behind foreign bytes', async () => {
    const file = openFile();
    await file.store(entries(0, 2));
    await appendFile(await onlyFile(), 'not a record at all, and longer than one would be. '.repeat(5));
    await file.store(entries(2, 4));
    expect((await openFile().lookup([0, 1, 2, 3].map(keyOf))).size).toBe(4);
  });

  it('stays within its bound and keeps what is in use', async () => {
    const maxBytes = 40 * recordBytes;
    const file = openFile(maxBytes);
    for (let n = 0; n < 300; n += 5) {
      await file.store(entries(n, n + 5));
      expect((await file.lookup([keyOf(0)])).size).toBe(1);
    }
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(maxBytes);
    expect((await file.lookup([keyOf(100)])).size).toBe(0);
  });

  it('notices that another process began a new file', async () => {
    const maxBytes = 20 * recordBytes;
    const [a, b] = [openFile(maxBytes), openFile(maxBytes)];
    await b.store(entries(500, 501));
    for (let n = 0; n < 40; n += 5) await a.store(entries(n, n + 5));
    expect((await b.lookup([keyOf(39)])).get(keyOf(39))).toEqual(vectorOf(39));
    await b.store(entries(600, 601));
    expect((await a.lookup([keyOf(600)])).size).toBe(1);
  });

  it('keeps encoders apart', async () => {
    await openFile().store(entries(0, 1));
    const other = new VectorFile(folder, 'encoder-b', dimensions);
    opened.push(other);
    expect((await other.lookup([keyOf(0)])).size).toBe(0);
  });

  it('switches itself off and says why when the folder cannot be written', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const file = new VectorFile(join(folder, 'a-file'), 'encoder-a', dimensions);
    await file.store(entries(0, 1));
    expect((await file.lookup([keyOf(0)])).size).toBe(0);
    expect(file.problem).toBeInstanceOf(Error);
  });
});
