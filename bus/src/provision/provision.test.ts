// Provisioning is done by every actor that may, of every version, at any time: it must end well on whatever it finds.
import { expect, it } from 'vitest';
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
