// Every way in which a command is used wrongly: one line that says what and what to do, and the exit code of the contract.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort, startTestServer, type TestServer, testServerBinary } from '@cortex/bus';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freshPlace, oneLine, type Place } from './testing/run-cli.js';

// Each command is a process of its own, and some tests run eight.
vi.setConfig({ testTimeout: 120_000 });

let place: Place;
beforeAll(async () => {
  place = await freshPlace();
});
afterAll(() => place.clean());

describe('a wrong input ends with 2', () => {
  it('and one line, in a shell too', async () => {
    const ran = await place.run(['submit', 'x', '--fast']);
    expect(oneLine(ran)).toMatch(/^cortex: unknown option '--fast'/);
    expect(ran).toMatchObject({ code: 2, out: '' });
  });

  it('a bad line of a file is named before anything is sent anywhere', async () => {
    writeFileSync(join(place.folder, 'tasks.jsonl'), '{"text":"good"}\n{"text":"bad","priority":1}\n');
    const ran = await place.run(['submit', '--file', 'tasks.jsonl']);
    expect(oneLine(ran)).toMatch(/^cortex: tasks\.jsonl, line 2, field priority: /);
    expect(ran).toMatchObject({ code: 2, out: '' });
    const piped = await place.run(['submit', '--file', '-'], { input: '{"text":"x"}\nnonsense\n' });
    expect(oneLine(piped)).toMatch(/^cortex: standard input, line 2: is not valid JSON/);
    expect(piped.code).toBe(2);
  });
});

describe('what is not there ends with 3 and is named', () => {
  it('a bus that does not answer', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    for (const args of [
      ['submit', 'x'],
      ['masters', 'list'],
      ['up', '--no-infra'],
    ]) {
      const ran = await place.run([...args, '--nats', url]);
      expect(oneLine(ran), args.join(' ')).toContain(`no NATS server answers at ${url}`);
      expect(ran).toMatchObject({ code: 3, out: '' });
    }
  });

  it('a doctor without a bus says so, and what to do', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    const ran = await place.run(['doctor', '--json', '--nats', url]);
    expect(ran.code).toBe(3);
    const { ok, checks } = JSON.parse(ran.out);
    expect(ok).toBe(false);
    expect(checks.find((check: { name: string }) => check.name === 'bus')).toMatchObject({ verdict: 'fail' });
    expect(checks.find((check: { name: string }) => check.name === 'node')).toMatchObject({ verdict: 'ok' });
  });
});

const binary = testServerBinary();
describe.skipIf('missing' in binary)('on a bare NATS server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('commands say that nothing is provisioned, with 3', async () => {
    for (const args of [
      ['masters', 'list'],
      ['dead', 'list'],
      ['review', 'list'],
      ['submit', 'x'],
      ['cancel', 'x'],
      ['task', 'x'],
      ['outcome', 'x', '--status', 'failed'],
      ['correct', 'x', 'security'],
    ]) {
      const ran = await place.run([...args, '--nats', server.url]);
      expect(oneLine(ran), args.join(' ')).toMatch(/does not exist on this NATS: start "cortex up"/);
      expect(ran).toMatchObject({ code: 3, out: '' });
    }
  });

  it('a port in use is named with 1, and who holds it', async () => {
    const own = await freshPlace();
    const ran = await own.run(['up', '--port', String(server.port)]);
    expect(oneLine(ran)).toMatch(
      new RegExp(`port ${server.port} is taken by a NATS server .*--nats nats://127\\.0\\.0\\.1:${server.port}`),
    );
    expect(ran).toMatchObject({ code: 1, out: '' });
    const stranger = createServer((socket) => void socket.end('hello\r\n'));
    const port = await freePort();
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    const other = await own.run(['up', '--port', String(port)]);
    await new Promise((resolve) => stranger.close(resolve));
    expect(oneLine(other)).toContain(`port ${port} is taken by another program`);
    expect(other.code).toBe(1);
    await own.clean();
  });

  it('a data folder that cannot be written is named with 1', async () => {
    const own = await freshPlace();
    mkdirSync(join(own.folder, 'home'));
    writeFileSync(join(own.folder, 'home', 'nats'), 'a file where a folder should be');
    const ran = await own.run(['up', '--port', String(await freePort())], { env: { CORTEX_HOME: 'home' } });
    expect(oneLine(ran)).toMatch(
      /the data folder .*home cannot be written \(\w+\): make it writable, or set CORTEX_HOME/,
    );
    expect(ran).toMatchObject({ code: 1, out: '' });
    await own.clean();
  });
});

describe.skipIf('missing' in binary)('a server without JetStream', () => {
  it('is named with 3', async () => {
    const { spawn } = await import('node:child_process');
    const port = await freePort();
    const child = spawn((binary as { path: string }).path, ['-a', '127.0.0.1', '-p', String(port)], {
      stdio: 'ignore',
    });
    try {
      const { until } = await import('@cortex/bus');
      const { greeting } = await import('../up/index.js');
      await until('nats-server', () => greeting(port));
      const ran = await place.run(['up', '--no-infra', '--nats', `nats://127.0.0.1:${port}`]);
      expect(oneLine(ran)).toMatch(/has no JetStream/);
      expect(ran.code).toBe(3);
    } finally {
      child.kill();
    }
  });
});
