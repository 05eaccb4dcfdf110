import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { type ExperimentLog, together } from './experiment-log.js';
import { openTensorboard, readTensorboard } from './tensorboard.js';

it('counts as Castagnoli does (RFC 3720, appendix B.4)', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(maskedCrc32c(new Uint8Array(32))).not.toBe(0x8a9136aa);
});

describe('an event file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-tensorboard-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const only = async () => join(folder, (await readdir(folder))[0] ?? '');

  it('gives back every point in order, and what the run was started with', async () => {
    const log = await openTensorboard(folder);
    await log.params({ seed: 7, neural: true });
    for (const step of [1, 2, 3]) await log.scalar('network/loss', 1 / step, step);
    await log.artifact('report', '{"rows":3}');
    await log.end('done');
    const points = await readTensorboard(await only());
    expect(points[0]).toMatchObject({ tag: 'params', value: expect.stringContaining('| seed | 7 |') });
    expect(points.slice(1, 4)).toEqual([
      { tag: 'network/loss', value: 1, step: 1 },
      { tag: 'network/loss', value: 0.5, step: 2 },
      { tag: 'network/loss', value: Math.fround(1 / 3), step: 3 },
    ]);
    expect(points[4]).toMatchObject({ tag: 'report', value: expect.stringContaining('"rows":3') });
  });

  it('begins with the words by which TensorBoard knows it', async () => {
    await openTensorboard(folder, () => 1_000);
    const bytes = await readFile(await only());
    expect(bytes.subarray(12).toString('latin1')).toContain('brain.Event:2');
    expect((await readdir(folder))[0]).toMatch(/^events\.out\.tfevents\.1\./);
  });

  it('is refused by name and place when one bit of it was changed, or its end is missing', async () => {
    const log = await openTensorboard(folder);
    await log.scalar('loss', 0.5, 1);
    const whole = await readFile(await only());
    const bad = Buffer.from(whole);
    bad[bad.length - 8] = (bad[bad.length - 8] ?? 0) ^ 1;
    await writeFile(await only(), bad);
    await expect(readTensorboard(await only())).rejects.toThrow(/checksum of a record is wrong at byte \d+/);
    await writeFile(await only(), whole.subarray(0, -3));
    await expect(readTensorboard(await only())).rejects.toThrow(/ends within a record/);
  });
});

it('a log that fails is named once and left out; the others go on in order', async () => {
  const said: string[] = [];
  const seen: number[] = [];
  const none = async () => undefined;
  const broken: ExperimentLog = {
    params: none,
    scalar: async () => Promise.reject(new Error('no such server')),
    artifact: none,
    end: none,
  };
  const good: ExperimentLog = { ...broken, scalar: async (_tag, _value, step) => void seen.push(step) };
  const log = together([broken, good], (reason) => said.push(reason));
  await Promise.all([1, 2, 3].map((step) => log.scalar('loss', 1, step)));
  expect(seen).toEqual([1, 2, 3]);
  expect(said).toEqual(['no such server']);
});
