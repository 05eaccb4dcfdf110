// `cortex up` as a shell runs it: comes up, stays up when parts are killed, gives way in order, and finds its data again.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBus, freePort, testServerBinary, until } from '@cortex/bus';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freshPlace, oneLine, type Place } from '../cli/testing/run-cli.js';
import { ACTOR_NAMES } from './index.js';

interface Ready {
  pid: number;
  nats: { url: string; pid: number; own: boolean };
  actors: { actor: string; state: string; pid?: number }[];
  seeded: string[];
  dashboard?: { url: string; link: string; pid: number };
  monitor: string;
}

/** A coordinator alone: it decides by its own rules. */
const BARE = ACTOR_NAMES.filter((name) => name !== 'coordinator')
  .map((name) => `${name}=0`)
  .join(',');
const TEXT = 'Scan the payments repo for CVE-2026-1234';

vi.setConfig({ testTimeout: 120_000 });

describe.skipIf('missing' in testServerBinary())('cortex up', () => {
  let place: Place;
  let port: string;
  beforeEach(async () => {
    place = await freshPlace({ CORTEX_ENCODER: 'none', CORTEX_LOG: 'text' });
    port = String(await freePort());
  });
  afterEach(() => place.clean());

  const up = (...args: string[]) => upWith({}, ...args);
  const upWith = async (env: Record<string, string>, ...args: string[]) => {
    const started = place.start(['up', '--json', '--port', port, ...args], env);
    await until('ready', () => started.out().includes('\n') || started.child.exitCode !== null, 60_000);
    if (started.child.exitCode !== null) throw new Error(started.err());
    return { started, ready: JSON.parse(started.out()) as Ready };
  };
  const decide = async (id: string) => {
    const ran = await place.run(['submit', TEXT, '--wait', '--json', '--id', id]);
    expect(ran.code, ran.err).toBe(0);
    return JSON.parse(ran.out) as { master: string; decided_at: string; trace_id: string };
  };
  /** Status of a path of a process's monitor, 0 when nobody answers. */
  const status = (at: string, path: string) =>
    fetch(`${at}${path}`).then(
      (response) => response.status,
      () => 0,
    );

  it('serves the dashboard beside the actors, brings it back on its port, and without it when told so', async () => {
    const { started, ready } = await up('--actors', BARE);
    const { url, link, pid } = ready.dashboard ?? { url: '', link: '', pid: 0 };
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect(link).toMatch(/#token=[0-9a-f]{48}$/);
    const answers = () =>
      fetch(new URL('/healthz', url)).then(
        (response) => response.ok,
        () => false,
      );
    expect(await answers()).toBe(true);
    process.kill(pid, 'SIGKILL');
    await started.says(/the dashboard ended \(SIGKILL\): starting it again/);
    await until('the dashboard to be back', answers);
    expect((await started.end()).code).toBe(0);
    expect(await answers()).toBe(false);
    expect((await up('--actors', BARE, '--no-dashboard')).ready.dashboard).toBeUndefined();
  });

  it('comes up on an empty folder, refuses a second one, stops in order, and knows everything the next time', async () => {
    const { started, ready } = await up();
    expect(ready.seeded).toHaveLength(5);
    expect(ready.actors.map(({ actor }) => actor)).toEqual(expect.arrayContaining(['coordinator', 'router']));
    const first = await decide('kept');
    expect(first.master).toBe('security');
    const second = await place.run(['up', '--port', String(await freePort())]);
    expect(oneLine(second)).toMatch(
      new RegExp(`already runs in this folder \\(process ${ready.pid}, .*kill ${ready.pid}`),
    );
    expect(second.code).toBe(1);
    const ended = await started.end('SIGINT');
    expect(ended.code, ended.err).toBe(0);
    expect(existsSync(join(place.folder, '.cortex', 'up.json'))).toBe(false);
    expect(() => process.kill(ready.nats.pid, 0)).toThrow();
    const again = await up();
    expect(again.ready.seeded).toEqual([]);
    expect((await decide('kept')).decided_at).toBe(first.decided_at);
  });

  it('brings nats-server back when it is killed, and nothing is lost', async () => {
    const { started, ready } = await up('--actors', BARE);
    const before = await decide('before');
    process.kill(ready.nats.pid, 'SIGKILL');
    await started.says(/nats-server ended \(SIGKILL\): starting it again/);
    expect((await decide('before')).decided_at).toBe(before.decided_at);
    expect((await decide('after')).master).toBe('security');
  });

  it('after a kill -9 of its own the next one ends the nats-server left behind and goes on', async () => {
    const { started, ready } = await up('--actors', BARE);
    const before = await decide('before');
    await started.end('SIGKILL');
    expect(() => process.kill(ready.nats.pid, 0)).not.toThrow();
    const next = await up('--actors', BARE);
    expect(next.started.err()).toContain(`ending the nats-server (process ${ready.nats.pid})`);
    expect((await decide('before')).decided_at).toBe(before.decided_at);
  });

  it('with --processes replaces an actor that dies, its workers do tasks, and each process says on its own port how it is', async () => {
    const { started, ready } = await upWith(
      { CORTEX_LOG: 'json' },
      '--processes',
      '--actors',
      `${BARE},worker=1`,
      '--exec',
      'cat',
      '--master',
      'security',
    );
    expect(ready.actors.map(({ actor, state }) => [actor, state])).toEqual([
      ['coordinator', 'ready'],
      ['worker', 'ready'],
    ]);
    const pid = ready.actors[0]?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await started.says(new RegExp(`coordinator 1 \\(process ${pid}\\) ended with SIGKILL: starting it again`));
    const { trace_id } = await decide('t-1');
    // A line of a log leads to its trace.
    const lines = started
      .err()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(lines.find(({ message }) => message === 'decided without the router')).toMatchObject({
      level: 'warn',
      actor: 'coordinator',
      task: 't-1',
      trace_id,
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const targets = async () =>
      (await (await fetch(`${ready.monitor}/targets`)).json()) as { targets: string[]; labels: { actor: string } }[];
    const all = await until('all to be listed', async () => {
      const listed = await targets();
      return listed.length === 3 ? listed : undefined;
    });
    expect(all.map(({ labels }) => labels.actor).sort()).toEqual(['coordinator', 'up', 'worker']);
    for (const address of all.flatMap((one) => one.targets.map((target) => `http://${target}`))) {
      expect(await status(address, '/healthz')).toBe(200);
      await until(`${address} to be ready`, async () => (await status(address, '/readyz')) === 200);
      expect(await (await fetch(`${address}/metrics`)).text()).toContain('process_uptime_seconds');
    }
    await until('t-1 is done', async () => {
      const { out } = await place.run(['task', 't-1', '--json']);
      return JSON.parse(out).state === 'settled';
    });
    const { nats_pid } = JSON.parse(readFileSync(join(place.folder, '.cortex', 'up.json'), 'utf8'));
    const ended = await started.end();
    expect(ended.code, ended.err).toBe(0);
    expect(() => process.kill(nats_pid, 0)).toThrow();
  });

  it('starts its nats-server where NATS_URL points when nobody answers there', async () => {
    const url = `nats://127.0.0.1:${port}`;
    const started = place.start(['up', '--json', '--actors', BARE], { NATS_URL: url });
    await started.says('"ready":true');
    expect(JSON.parse(started.out()).nats).toMatchObject({ url, own: true });
  });

  it('uses a bus that is there and leaves it as it was', async () => {
    const { ready } = await up('--actors', `${BARE},coordinator=0`);
    const guest = place.start(['up', '--json', '--no-infra', '--actors', BARE, '--nats', ready.nats.url], {
      CORTEX_HOME: 'guest',
    });
    await guest.says('"ready":true');
    expect(JSON.parse(guest.out()).nats).toMatchObject({ url: ready.nats.url, own: false });
    await decide('guest');
    expect((await guest.end()).code).toBe(0);
    expect(() => process.kill(ready.nats.pid, 0)).not.toThrow();
  });

  it('an actor that is started before the bus waits for it, says so, is not ready until then, and drains on SIGTERM', async () => {
    const url = `nats://127.0.0.1:${port}`;
    const monitor = await freePort();
    const actor = place.start(['actor', 'coordinator', '--nats', url], { CORTEX_MONITOR: String(monitor) });
    await actor.says(/waiting for .*127\.0\.0\.1/);
    const at = `http://127.0.0.1:${monitor}`;
    expect([await status(at, '/healthz'), await status(at, '/readyz')]).toEqual([200, 503]);
    const { ready } = await up('--actors', `${BARE},coordinator=0`);
    await actor.says('coordinator is ready');
    expect(await status(at, '/readyz')).toBe(200);
    expect(await decide('late')).toMatchObject({ master: 'security' });
    const ended = await actor.end();
    expect(ended.code, ended.err).toBe(0);
    expect(ended.err).toMatch(/is draining[\s\S]*is stopped/);
    // Nobody else provisioned that bus for it: an actor does so itself.
    const bus = await connectBus({ servers: ready.nats.url, name: 'look' });
    expect((await bus.jsm.consumers.info('TASKS', 'coordinator')).num_ack_pending).toBe(0);
    await bus.close();
  });
});
