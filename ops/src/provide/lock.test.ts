import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../bin/prepare/lock.mjs';

describe('withLock', () => {
  let folder: string;
  let lock: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-lock-'));
    lock = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('lets several processes in one after the other, never two at once', async () => {
    const log = join(folder, 'log');
    const script = `
      import { appendFileSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      import { withLock } from ${JSON.stringify(new URL('../../bin/prepare/lock.mjs', import.meta.url).href)};
      for (let turn = 0; turn < 5; turn++) await withLock(${JSON.stringify(lock)}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in ' + process.pid + '\\n');
        await setTimeout(5);
        appendFileSync(${JSON.stringify(log)}, 'out ' + process.pid + '\\n');
      });`;
    const children = [1, 2, 3, 4].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(40);
    for (let at = 0; at < lines.length; at += 2) {
      expect([lines[at]?.split(' ')[0], lines[at + 1]]).toEqual(['in', lines[at]?.replace('in', 'out')]);
    }
    expect(await readdir(folder)).toEqual(['log']);
  });

  it('takes over the lock of a process that died', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    await writeFile(lock, `${child.pid} ${hostname()} 1`);
    expect(await withLock(lock, async () => 'mine')).toBe('mine');
  });

  it('takes over a lock from another machine that nobody refreshes, and leaves a fresh one alone', async () => {
    await writeFile(lock, '1 another-host 1');
    let waits = 0;
    const waiting = withLock(lock, async () => 'mine', { staleMs: 60_000, onWait: () => waits++ });
    await expect.poll(() => waits).toBe(1);
    const longAgo = new Date(Date.now() - 61_000);
    await utimes(lock, longAgo, longAgo);
    expect(await waiting).toBe('mine');
  });

  it('is free again after the work threw', async () => {
    await expect(withLock(lock, () => Promise.reject(new Error('work')))).rejects.toThrow('work');
    expect(await withLock(lock, async () => 'again')).toBe('again');
  });
});
