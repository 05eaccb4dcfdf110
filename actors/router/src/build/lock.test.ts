import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tryLock } from './lock.js';

describe('the lock of a build', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-lock-'));
    path = join(folder, 'a.lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is held by one at a time and can be taken again when it is given back', async () => {
    const release = await tryLock(path);
    expect(release).toBeDefined();
    expect(await tryLock(path)).toBeUndefined();
    await release?.();
    expect(await tryLock(path)).toBeDefined();
  });

  it('is taken over from a process that died', async () => {
    // Larger than any process number the system gives.
    await writeFile(path, '999999999');
    expect(await tryLock(path)).toBeDefined();
  });

  it('is taken over when it is so old that its process number means nothing any more', async () => {
    await writeFile(path, String(process.pid));
    const old = new Date(Date.now() - 3_600_000);
    await utimes(path, old, old);
    expect(await tryLock(path)).toBeDefined();
  });
});
