import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchingEncoder } from './batching-encoder.js';
import { encoderForTests } from './encoder-for-tests.js';
import { EncoderClosed, EncoderCrashed, EncoderFileMissing, EncoderModelInvalid } from './errors.js';
import { loadEncoder } from './load-encoder.js';
import { startOnnxEncoder } from './onnx-encoder.js';
import { OnnxThread } from './onnx-thread.js';

const folder = encoderForTests() ?? '';

const texts = {
  reset: 'How do I reset my password?',
  recover: 'I forgot my login credentials, please help me recover them',
  menu: 'What is on the lunch menu today?',
  cve: 'Scan the payments repo for CVE-2026-1234',
  vuln: 'Look for known vulnerabilities in the payments repository',
  odd: 'Ünïcödé — 日本語 🚀\tcafé\u200b',
  empty: '',
  long: 'the build is red because the linker cannot find the library '.repeat(60),
};

/** Cosines by Python: the `tokenizers` and `onnxruntime` packages, same files, texts one by one, cut at 256 tokens. */
const references: [keyof typeof texts, keyof typeof texts, number][] = [
  ['reset', 'recover', 0.61656],
  ['reset', 'menu', 0.03109],
  ['cve', 'vuln', 0.57173],
  ['cve', 'menu', -0.03648],
  ['odd', 'menu', 0.24861],
  ['empty', 'menu', 0.15504],
  ['long', 'cve', -0.02315],
];

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || !b || a.length !== b.length) throw new Error('two vectors of equal length are needed');
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

describe.skipIf(!folder)('the ONNX encoder', () => {
  let encoder: BatchingEncoder;
  let scratch: string;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'cortex-encoder-'));
    encoder = await loadEncoder(folder);
  });
  afterAll(async () => {
    await encoder?.close();
    await rm(scratch, { recursive: true, force: true });
  });

  it('gives unit vectors of its dimensions, in the order asked', async () => {
    const words = ['zebra', 'a considerably longer text about the deployment pipeline', 'x', 'zebra'];
    const vectors = await encoder.encode(words);
    expect(vectors.map((vector) => vector.length)).toEqual(words.map(() => encoder.dimensions));
    for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 5);
    expect(vectors[0]).toEqual(vectors[3]);
    const [alone] = await encoder.encode(['x']);
    expect(dot(alone, vectors[2])).toBeCloseTo(1, 5);
  });

  it('agrees with the same model run from Python, whatever the text', async () => {
    const names = Object.keys(texts) as (keyof typeof texts)[];
    const vectors = await encoder.encode(names.map((name) => texts[name]));
    const of = (name: keyof typeof texts) => vectors[names.indexOf(name)];
    for (const [a, b, cosine] of references) expect(dot(of(a), of(b))).toBeCloseTo(cosine, 3);
  });

  it('gives a text the same vector alone as among texts of other lengths', async () => {
    const other = await loadEncoder(folder, { cacheEntries: 0 });
    const many = Array.from({ length: 40 }, (_, k) => `ticket number ${k} ${'and more words '.repeat(k)}`);
    const together = await other.encode(many);
    for (const at of [0, 7, 39]) {
      const [alone] = await other.encode([many[at] ?? '']);
      expect(dot(alone, together[at])).toBeGreaterThan(0.99999);
    }
    await other.close();
  });

  it('computes in 8 bits when asked: near the exact vectors, the same whatever waits beside a text', async () => {
    const quick = await loadEncoder(folder, { precision: 'int8', cacheEntries: 0 });
    expect(quick.id).not.toBe(encoder.id);
    const names = Object.keys(texts) as (keyof typeof texts)[];
    const all = names.map((name) => texts[name]);
    const [exact, near] = [await encoder.encode(all), await quick.encode(all)];
    for (const [k, vector] of near.entries()) expect(dot(vector, exact[k])).toBeGreaterThan(0.97);
    for (const [k, text] of all.entries()) expect(await quick.encode([text])).toEqual([near[k]]);
    const of = (name: keyof typeof texts) => near[names.indexOf(name)];
    expect(dot(of('reset'), of('recover'))).toBeGreaterThan(dot(of('reset'), of('menu')) + 0.3);
    await quick.close();
  });

  it('lets the event loop turn while it works', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await encoder.encode(Array.from({ length: 24 }, (_, k) => `${k} ${texts.long}`));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  it('does not let a short call wait for a long one', async () => {
    const order: string[] = [];
    const long = encoder.encode(Array.from({ length: 80 }, (_, k) => `row ${k} ${'word '.repeat(60)}`));
    void long.then(() => order.push('long'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await encoder.encode(['a task that just came in']).then(() => order.push('short'));
    await long;
    expect(order).toEqual(['short', 'long']);
  });

  it('has the vectors of an earlier process again from the disk', async () => {
    const many = Array.from({ length: 20 }, (_, k) => `example ${k}`);
    const first = await loadEncoder(folder, { cacheFolder: join(scratch, 'cache') });
    const before = await first.encode(many);
    await first.close();
    const second = await loadEncoder(folder, { cacheFolder: join(scratch, 'cache') });
    expect(await second.encode(many)).toEqual(before);
    expect(second.stats()).toMatchObject({ storeHits: 20, encoded: 0 });
    await second.close();
  });

  it('fails only what a dying thread had in hand, and goes on with a new one', async () => {
    let thread: OnnxThread | undefined;
    const fragile = await startOnnxEncoder(folder, {}, async (settings) => {
      thread = await OnnxThread.start(settings);
      return thread;
    });
    const first = thread;
    const doomed = fragile.encode([texts.long]);
    await new Promise((resolve) => setImmediate(resolve));
    await first?.kill();
    const error = await doomed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EncoderCrashed);
    expect(error).toMatchObject({ retryable: true });
    const [again] = await fragile.encode([texts.long]);
    expect(dot(again, again)).toBeCloseTo(1, 5);
    expect(thread).not.toBe(first);
    await fragile.close();
  });

  it('refuses calls after close, and rejects those that wait', async () => {
    const closing = await loadEncoder(folder);
    const waiting = closing.encode(Array.from({ length: 100 }, (_, k) => `${k} ${texts.long}`));
    const refused = expect(waiting).rejects.toBeInstanceOf(EncoderClosed);
    await closing.close();
    await refused;
    await expect(closing.encode(['late'])).rejects.toBeInstanceOf(EncoderClosed);
  });

  it('says which file is missing', async () => {
    await expect(loadEncoder(join(scratch, 'nowhere'))).rejects.toMatchObject({
      name: 'EncoderFileMissing',
      path: join(scratch, 'nowhere', 'model.onnx'),
      retryable: false,
    });
    await mkdir(join(scratch, 'half'));
    await copyFile(join(folder, 'model.onnx'), join(scratch, 'half', 'model.onnx'));
    const error = await loadEncoder(join(scratch, 'half')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EncoderFileMissing);
    expect(error).toMatchObject({ path: join(scratch, 'half', 'tokenizer.json') });
  });

  it('refuses a cut model and a broken tokenizer with the file and the reason', async () => {
    await mkdir(join(scratch, 'cut'));
    const model = await readFile(join(folder, 'model.onnx'));
    await writeFile(join(scratch, 'cut', 'model.onnx'), model.subarray(0, model.length / 2));
    await copyFile(join(folder, 'tokenizer.json'), join(scratch, 'cut', 'tokenizer.json'));
    await expect(loadEncoder(join(scratch, 'cut'))).rejects.toBeInstanceOf(EncoderModelInvalid);
    await copyFile(join(folder, 'model.onnx'), join(scratch, 'cut', 'model.onnx'));
    await writeFile(join(scratch, 'cut', 'tokenizer.json'), '{"half": ');
    const error = await loadEncoder(join(scratch, 'cut')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EncoderModelInvalid);
    expect(error).toMatchObject({ path: join(scratch, 'cut', 'tokenizer.json') });
  });
});
