import { expect, it } from 'vitest';
import type { Encoder } from './encoder.js';
import { EncoderClosed, shareEncoder } from './index.js';

function counting() {
  const counts = { loaded: 0, closed: 0 };
  const load = async () => {
    counts.loaded++;
    const encoder: Encoder = {
      id: 'counted',
      dimensions: 1,
      encode: async (texts) => texts.map(({ length }) => Float32Array.of(length)),
      close: async () => {
        counts.closed++;
      },
    };
    return encoder as Awaited<ReturnType<NonNullable<Parameters<typeof shareEncoder>[2]>>>;
  };
  return { counts, load };
}

it('parts of a process that want the same encoder get one, which lives until the last of them is done', async () => {
  const { counts, load } = counting();
  const [one, two] = await Promise.all([shareEncoder('here', {}, load), shareEncoder('here', {}, load)]);
  const other = await shareEncoder('here', { maxTokens: 64 }, load);
  expect(counts).toEqual({ loaded: 2, closed: 0 });
  await one.close();
  await one.close();
  await expect(one.encode(['text'])).rejects.toThrow(EncoderClosed);
  expect(await two.encode(['text'])).toEqual([Float32Array.of(4)]);
  await two.close();
  expect(counts).toEqual({ loaded: 2, closed: 1 });
  const again = await shareEncoder('here', {}, load);
  expect(counts.loaded).toBe(3);
  await Promise.all([again.close(), other.close()]);
  expect(counts.closed).toBe(3);
});

it('an encoder that cannot be loaded is tried again by the next', async () => {
  const { counts, load } = counting();
  const fails = () => Promise.reject(new Error('no such folder'));
  await expect(Promise.all([shareEncoder('gone', {}, fails), shareEncoder('gone', {}, fails)])).rejects.toThrow(
    'no such',
  );
  await (await shareEncoder('gone', {}, load)).close();
  expect(counts).toEqual({ loaded: 1, closed: 1 });
});
