import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@cortex/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backOff } from './back-off.js';
import { parseScale } from './catalogue.js';
import { claimHome, readRunning } from './home.js';
import { portHolder } from './nats-server.js';

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cortex-home-'));
  env = { CORTEX_HOME: join(folder, 'home') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the folder of an up', () => {
  it('belongs to one process at a time', () => {
    const claim = claimHome('nats://127.0.0.1:4222', env);
    expect(() => claimHome('nats://127.0.0.1:4222', env)).toThrow(/already runs in this folder \(process \d+/);
    claim.release();
    claimHome('nats://127.0.0.1:4222', env).release();
  });

  it('is free again when its up was killed', () => {
    mkdirSync(join(folder, 'home'));
    const up = (pid: number, born?: string) =>
      writeFileSync(join(folder, 'home', 'up.json'), JSON.stringify({ pid, born, nats: 'nats://x:1', started_at: '' }));
    up(2 ** 22 + 1);
    expect(readRunning(env)).toBeUndefined();
    // The pid is alive, but it is another process than the one that wrote this.
    up(process.pid, '1');
    if (process.platform === 'linux') expect(readRunning(env)).toBeUndefined();
    const claim = claimHome('nats://y:2', env);
    expect(JSON.parse(readFileSync(join(folder, 'home', 'up.json'), 'utf8'))).toMatchObject({
      pid: process.pid,
      nats: 'nats://y:2',
    });
    claim.release();
  });

  it('is refused in one line when it cannot be written', () => {
    writeFileSync(join(folder, 'home'), 'a file where the folder should be');
    expect(() => claimHome('nats://127.0.0.1:4222', env)).toThrow(
      /data folder .* cannot be written \(\w+\): .*CORTEX_HOME/,
    );
  });
});

it('restarts wait longer and longer, and begin anew after a quiet while', () => {
  let now = 0;
  const wait = backOff(60_000, 200, 1_000, () => now);
  expect([wait.next(), wait.next(), wait.next(), wait.next(), wait.next()]).toEqual([200, 400, 800, 1_000, 1_000]);
  expect(wait.count()).toBe(5);
  now = 61_000;
  expect(wait.count()).toBe(0);
  expect(wait.next()).toBe(200);
});

describe('--actors', () => {
  it('changes counts of those it names', () => {
    expect(Object.fromEntries(parseScale('router=3, worker=2'))).toMatchObject({
      router: 3,
      coordinator: 1,
      worker: 2,
    });
    expect(Object.fromEntries(parseScale(undefined))).toMatchObject({ router: 1, coordinator: 1 });
  });

  it.each([
    ['routers=3', /no actor "routers"/],
    ['router', /not NAME=COUNT/],
    ['router=-1', /not NAME=COUNT/],
    ['router=1=2', /not NAME=COUNT/],
    ['', /no actor ""/],
  ])('refuses %s', (text, message) => {
    expect(() => parseScale(text)).toThrow(message);
  });
});

it('tells a free port from one held by a stranger', async () => {
  const port = await freePort();
  expect(await portHolder(port)).toBe('nobody');
  const stranger = createServer((socket) => void socket.end('SSH-2.0\r\n'));
  await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
  expect(await portHolder(port)).toBe('other');
  await new Promise((resolve) => stranger.close(resolve));
});
