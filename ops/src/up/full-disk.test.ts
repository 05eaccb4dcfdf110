// A server whose storage is off is started anew once there is room; one unanswered question alone means nothing.
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, until } from '@cortex/bus';
import { expect, it } from 'vitest';
import { watchFullDisk } from './full-disk.js';

function watched(answers: (n: number) => boolean, logFile = join(tmpdir(), 'no such log')) {
  const said: string[] = [];
  let asked = 0;
  let restarts = 0;
  const bus = {
    state: () => 'connected',
    jsm: {
      getAccountInfo: async () => {
        if (!answers(++asked)) throw new Error('JetStream is off');
      },
    },
  } as unknown as Bus;
  const server = { restart: async () => void restarts++, logFile };
  const watch = watchFullDisk({ bus, server, folder: tmpdir(), say: (line) => void said.push(line), everyMs: 5 });
  return { said, watch, asked: () => asked, restarts: () => restarts };
}

it('starts a server anew whose storage stays off although there is room, and says so', async () => {
  const { said, watch, restarts, asked } = watched((n) => n > 3);
  await until('the restart', () => restarts() === 1);
  await until('more looks', () => asked() > 10);
  watch.stop();
  expect(restarts()).toBe(1);
  expect(said).toEqual([expect.stringContaining('starting it anew')]);
});

it('lets a server be that is merely slow to answer now and then', async () => {
  const { watch, restarts, asked } = watched((n) => n % 3 === 0);
  await until('many looks', () => asked() > 12);
  watch.stop();
  expect(restarts()).toBe(0);
});

it('starts a server anew that stores nothing in a stream although there is room: its log tells', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-full-disk-'));
  const log = join(folder, 'nats-server.log');
  const refusal =
    "[7] [ERR] JetStream failed to store a msg on stream '$G > TASKS': write 1.blk: no space left on device\n";
  await appendFile(log, refusal);
  const { said, watch, restarts, asked } = watched(() => true, log);
  await until('some looks', () => asked() > 5);
  // What it said before anybody looked is an old story.
  expect(restarts()).toBe(0);
  await appendFile(log, refusal);
  await until('the restart', () => restarts() === 1);
  const then = asked();
  await until('more looks', () => asked() > then + 5);
  watch.stop();
  expect(restarts()).toBe(1);
  expect(said).toEqual([expect.stringContaining('starting it anew')]);
  await rm(folder, { recursive: true });
});
