import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BusRefused, BusUnreachable } from '../errors.js';
import { freePort, startTestServer, testServerBinary } from '../testing/nats-server.js';
import { type BusState, connectBus } from './connect.js';

const missing = (() => {
  const binary = testServerBinary();
  return 'missing' in binary ? binary.missing : undefined;
})();

describe('connecting', () => {
  it('names the address nobody answers at', async () => {
    const port = await freePort();
    const attempt = connectBus({ servers: `nats://127.0.0.1:${port}`, name: 'test', waitMs: 300 });
    await expect(attempt).rejects.toBeInstanceOf(BusUnreachable);
    await expect(attempt).rejects.toThrow(String(port));
  });

  it('refuses a credentials file that is missing or is none, by name', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cortex-creds-'));
    await expect(connectBus({ name: 'test', creds: join(dir, 'none.creds') })).rejects.toThrow(/none\.creds.*ENOENT/);
    await writeFile(join(dir, 'bad.creds'), 'hello');
    await expect(connectBus({ name: 'test', creds: join(dir, 'bad.creds') })).rejects.toBeInstanceOf(BusRefused);
    const damaged =
      '-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\nSUABC\n------END USER NKEY SEED------\n';
    await writeFile(join(dir, 'damaged.creds'), damaged);
    await expect(connectBus({ name: 'test', creds: join(dir, 'damaged.creds'), waitMs: 0 })).rejects.toThrow(
      /damaged identity/,
    );
  });

  it('refuses a prefix that is no subject', async () => {
    await expect(connectBus({ name: 'test', prefix: 'a b' })).rejects.toThrow(/CORTEX_PREFIX/);
  });

  it.skipIf(missing)('waits for a bus that is not up yet, and says when it goes and comes', async () => {
    const server = await startTestServer();
    await server.kill();
    const states: BusState[] = [];
    const pending = connectBus({ servers: server.url, name: 'test', waitMs: 0, onState: (s) => states.push(s) });
    await server.restart();
    const bus = await pending;
    expect(bus.state()).toBe('connected');
    await server.kill();
    await server.restart();
    const { until } = await import('../testing/nats-server.js');
    await until('the reconnect', () => states.filter((s) => s === 'connected').length === 1);
    expect(states).toEqual(['reconnecting', 'reconnecting', 'connected']);
    await bus.close();
    await server.stop();
  });
});
