// The server that `cortex up` runs comes back, also when it does not end by itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, testServerBinary, until } from '@cortex/bus/testing';
import { describe, expect, it } from 'vitest';
import { greeting, startOwnServer } from './nats-server.js';

const binary = testServerBinary();
const missing = 'missing' in binary ? ` (skipped: ${binary.missing})` : '';

describe.skipIf(missing !== '')(`our own nats-server${missing}`, () => {
  it('is killed where it does not hear, and started again', { timeout: 60_000 }, async () => {
    if ('missing' in binary) return;
    const home = await mkdtemp(join(tmpdir(), 'cortex-own-server-'));
    const port = await freePort();
    const server = await startOwnServer({ binary: binary.path, port, home, log: () => undefined, insistMs: 300 });
    try {
      const before = server.pid() as number;
      // Deaf, as one is whose storage never comes to its end.
      process.kill(before, 'SIGSTOP');
      await server.restart();
      expect(() => process.kill(before, 0)).toThrow();
      await until('the next one', async () => (await greeting(port))?.server_name === server.name, 30_000);
      expect(server.pid()).not.toBe(before);
    } finally {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    }
  });
});
