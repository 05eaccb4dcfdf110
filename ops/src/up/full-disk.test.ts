// A server whose storage is off is started anew once there is room; one unanswered question alone means nothing.
import { tmpdir } from 'node:os';
import { type Bus, until } from '@cortex/bus';
import { expect, it } from 'vitest';
import { watchFullDisk } from './full-disk.js';

function watched(answers: (n: number) => boolean) {
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
  const server = { restart: () => void restarts++ };
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
