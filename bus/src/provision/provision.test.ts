// Provisioning is done by every actor that may, of every version, at any time: it must end well on whatever it finds.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Bus, connectBus } from '../connection/connect.js';
import { startTestServer, testServerBinary } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { provision, provisionMaster } from './provision.js';

describeOnServer('provisioning', (suite) => {
  it('leaves leases and deliveries to whoever chose them, and changes them when asked to', async () => {
    const bus = await suite.connect();
    const work = async () => (await bus.jsm.consumers.info('LOG', 'work-security-medium')).config;
    const coordinator = async () => (await bus.jsm.consumers.info('TASKS', 'coordinator')).config;
    await provision(bus, { ackWaitMs: 6_000 });
    await provisionMaster(bus, 'security', { leaseMs: 3_000, maxDeliver: 9 });
    await provision(bus);
    await provisionMaster(bus, 'security');
    expect(await work()).toMatchObject({ ack_wait: 3_000e6, max_deliver: 9 });
    expect(await coordinator()).toMatchObject({ ack_wait: 6_000e6 });
    await provisionMaster(bus, 'security', { leaseMs: 4_000 });
    expect(await work()).toMatchObject({ ack_wait: 4_000e6, max_deliver: 9 });
  });

  it('brings a consumer of another version to its own form, and makes what is missing behind it', async () => {
    const bus = await suite.connect();
    await bus.jsm.consumers.update('TASKS', 'coordinator', { description: 'of an older version', max_ack_pending: 7 });
    await bus.jsm.consumers.delete('ASKS', 'router');
    await provision(bus);
    expect((await bus.jsm.consumers.info('TASKS', 'coordinator')).config.max_ack_pending).toBe(2_000);
    await bus.jsm.consumers.info('ASKS', 'router');
  });
});

describe.skipIf('missing' in testServerBinary())('provisioning a server on a small disk', () => {
  const small = async (store: string, work: (bus: Bus) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-small-'));
    await writeFile(join(folder, 'nats.conf'), `jetstream { max_file_store: ${store} }`);
    const server = await startTestServer(['-c', join(folder, 'nats.conf')]);
    const bus = await connectBus({ servers: server.url, name: 'test' });
    try {
      await work(bus);
    } finally {
      await bus.close();
      await server.stop();
      await rm(folder, { recursive: true });
    }
  };

  it('gives all streams the same smaller share, and makes again what is deleted there', async () => {
    await small('1GB', async (bus) => {
      await provision(bus);
      const bytes = async (stream: string) => (await bus.jsm.streams.info(stream)).config.max_bytes;
      const before = [await bytes('LOG'), await bytes('TASKS'), await bytes('KV_cortex_memory')];
      expect(before).toEqual([256, 64, 16].map((mib) => mib * 1_048_576));
      await bus.jsm.consumers.delete('OUTCOMES', 'coordinator');
      await bus.jsm.streams.delete('REVIEWS');
      await provision(bus);
      await bus.jsm.consumers.info('OUTCOMES', 'coordinator');
      await bus.jsm.streams.info('REVIEWS');
      expect([await bytes('LOG'), await bytes('TASKS'), await bytes('KV_cortex_memory')]).toEqual(before);
    });
  });

  it('says how much it needs where that is too little', async () => {
    await small('50MB', async (bus) => {
      await expect(provision(bus)).rejects.toThrow(/no room for the streams: they need \d+ MiB at least/);
    });
  });
});
