import { describe, expect, it } from 'vitest';
import { BatchingEncoder, type BatchingOptions, type EncoderBackend } from './batching-encoder.js';
import { EncoderBusy, EncoderCrashed } from './errors.js';
import { cutBatches } from './onnx-model.js';

const limits: BatchingOptions = {
  concurrency: 1,
  maxTexts: 4,
  maxTokens: 100,
  maxTokensPerText: 256,
  cacheEntries: 10,
  maxWaiting: 50,
};

/** A model whose bites wait until the test lets them go; a vector tells its text. */
function heldBackend(): { backend: EncoderBackend; bites: string[][]; release(error?: Error): void } {
  const bites: string[][] = [];
  const held: ((error?: Error) => void)[] = [];
  const backend: EncoderBackend = {
    id: 'held',
    dimensions: 2,
    run: (texts) => {
      bites.push([...texts]);
      return new Promise((resolve, reject) => {
        held.push((error) => (error ? reject(error) : resolve(texts.map((text) => Float32Array.of(text.length, 1)))));
      });
    },
    close: async () => undefined,
  };
  return { backend, bites, release: (error) => held.shift()?.(error) };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('batching', () => {
  it('encodes a text once, however many calls ask for it at once', async () => {
    const { backend, bites, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const calls = [encoder.encode(['same', 'other']), encoder.encode(['same']), encoder.encode(['same', 'same'])];
    await settled();
    release();
    const [first, second, third] = await Promise.all(calls);
    expect(bites).toEqual([['same', 'other']]);
    expect([second?.[0], third?.[0], third?.[1]]).toEqual([first?.[0], first?.[0], first?.[0]]);
    expect(encoder.stats()).toMatchObject({ texts: 5, encoded: 2, joined: 2, waiting: 0 });
  });

  it('gives each caller a vector of its own, so that changing one spoils nothing', async () => {
    const { backend, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const calls = Promise.all([encoder.encode(['text']), encoder.encode(['text'])]);
    await settled();
    release();
    const [[a] = [], [b] = []] = await calls;
    a?.fill(9);
    expect(b).toEqual(Float32Array.of(4, 1));
    expect(await encoder.encode(['text'])).toEqual([Float32Array.of(4, 1)]);
  });

  it('drops texts nobody waits for any more, and keeps those another call wants', async () => {
    const { backend, bites, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const busy = encoder.encode(['busy']);
    await settled();
    const stop = new AbortController();
    const given = encoder.encode(['only mine', 'shared'], { signal: stop.signal });
    const kept = encoder.encode(['shared']);
    stop.abort(new Error('too late'));
    await expect(given).rejects.toThrow('too late');
    release();
    await busy;
    await settled();
    release();
    expect(await kept).toEqual([Float32Array.of(6, 1)]);
    expect(bites).toEqual([['busy'], ['shared']]);
    expect(encoder.stats().waiting).toBe(0);
  });

  it('refuses an aborted call without taking any of it', async () => {
    const { backend, bites } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    await expect(encoder.encode(['x'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    await settled();
    expect(bites).toEqual([]);
  });

  it('lets a failed bite fail alone, and encodes its texts when asked again', async () => {
    const { backend, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const failing = encoder.encode(['one']);
    await settled();
    const next = encoder.encode(['two']);
    release(new EncoderCrashed('test'));
    await expect(failing).rejects.toBeInstanceOf(EncoderCrashed);
    await settled();
    release();
    expect(await next).toEqual([Float32Array.of(3, 1)]);
    const again = encoder.encode(['one']);
    await settled();
    release();
    expect(await again).toEqual([Float32Array.of(3, 1)]);
  });

  it('refuses further calls when too much waits', async () => {
    const { backend } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const many = encoder.encode(Array.from({ length: 60 }, (_, k) => `text ${k}`));
    await settled();
    const error = await encoder.encode(['one more']).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EncoderBusy);
    expect(error).toMatchObject({ retryable: true, waiting: 60, limit: 50 });
    await Promise.all([encoder.close(), expect(many).rejects.toThrow('closed')]);
  });

  it('serves short calls first, yet a long call goes on under a stream of short ones', async () => {
    const { backend, bites, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, limits);
    const bulk = encoder.encode(Array.from({ length: 20 }, (_, k) => `bulk ${k}`));
    for (let k = 0; bites.flat().filter((text) => text.startsWith('bulk')).length < 20; k++) {
      expect(k).toBeLessThan(100);
      void encoder.encode([`short ${k}`]);
      await settled();
      release();
      await settled();
    }
    release();
    expect(await bulk).toHaveLength(20);
    expect(bites.flat().filter((text) => text.startsWith('short')).length).toBeGreaterThan(5);
  });

  it('forgets the vectors not used for longest when its memory is full', async () => {
    const { backend, bites, release } = heldBackend();
    const encoder = new BatchingEncoder(backend, { ...limits, cacheEntries: 2 });
    for (const text of ['a', 'bb', 'a', 'ccc', 'a', 'bb']) {
      const call = encoder.encode([text]);
      await settled();
      release();
      expect(await call).toEqual([Float32Array.of(text.length, 1)]);
    }
    expect(bites.flat()).toEqual(['a', 'bb', 'ccc', 'bb']);
  });
});

describe('cutting batches', () => {
  it('bounds rows × longest row, and lets a longer row go alone', () => {
    const rows = [2, 3, 3, 8, 9, 30].map((length) => ({ ids: new Array<number>(length).fill(1) }));
    const sizes = cutBatches(rows, 16).map((batch) => batch.map((row) => row.ids.length));
    expect(sizes).toEqual([[2, 3, 3], [8], [9], [30]]);
  });
});
