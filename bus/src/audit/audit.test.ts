import type { Action } from '@cortex/schemas';
import { expect, it } from 'vitest';
import type { Bus } from '../connection/connect.js';
import { describeOnServer } from '../testing/suite.js';
import { type AuditEntry, entryOf, publishAction } from './audit.js';
import { verifyAudit } from './verify.js';

const action = (id: string): Action => ({ id, kind: 'set', by: 'ann', at: '2026-11-30T12:00:00Z', target: id });

async function trail(bus: Bus): Promise<AuditEntry[]> {
  const { state } = await bus.jsm.streams.info('ACTIONS');
  const found: AuditEntry[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await bus.jsm.streams.getMessage('ACTIONS', { seq }).catch(() => null);
    if (message) found.push(entryOf(message));
  }
  return found;
}

/** A bus on which something happens after its first look at the trail. */
function afterFirstLook(bus: Bus, happens: () => Promise<void>): Bus {
  const { streams } = bus.jsm;
  let looked = false;
  const getMessage: typeof streams.getMessage = async (...query) => {
    const found = await streams.getMessage(...query);
    if (!looked) {
      looked = true;
      await happens();
    }
    return found;
  };
  const jsm = { streams: { getMessage, info: streams.info.bind(streams) } } as unknown as Bus['jsm'];
  return Object.assign(Object.create(bus) as Bus, { jsm });
}

describeOnServer('the audit trail', (suite) => {
  it('has one first entry, also when two writers both found it empty', async () => {
    const [bus, other] = [await suite.connect(), await suite.connect()];
    const slow = afterFirstLook(bus, () => publishAction(other, action('before')));
    await publishAction(slow, action('after'));
    expect(await verifyAudit(await trail(bus))).toMatchObject({ entries: 2, breaks: [] });
  });

  it('is one chain, whoever writes at the same time, and an action is in it once', async () => {
    const [bus, other] = [await suite.connect(), await suite.connect()];
    await Promise.all(Array.from({ length: 40 }, (_, i) => publishAction(i % 2 ? bus : other, action(`a-${i}`))));
    await publishAction(bus, action('a-7'));
    const report = await verifyAudit(await trail(bus));
    expect(report).toMatchObject({ entries: 42, breaks: [] });
  });

  it('shows what was changed, removed, slipped in or cut off the end', async () => {
    const bus = await suite.connect();
    for (let i = 0; i < 5; i++) await publishAction(bus, action(`b-${i}`));
    const whole = await trail(bus);
    const end = whole.at(-1) as AuditEntry;
    const { head } = await verifyAudit(whole);

    const forged = whole.map((entry) =>
      entry.sequence === end.sequence - 2 ? { ...entry, data: new TextEncoder().encode('{"by":"bob"}') } : entry,
    );
    expect((await verifyAudit(forged)).breaks.map(({ sequence }) => sequence)).toEqual([end.sequence - 1]);

    const cut = await verifyAudit(whole.slice(0, -1), end.sequence);
    expect(cut.breaks).toEqual([]);
    expect(cut.at).toBeUndefined();
    expect((await verifyAudit(whole, end.sequence)).at).toBe(head);

    await bus.jsm.streams.deleteMessage('ACTIONS', end.sequence - 3);
    await bus.js.publish(bus.subjects.action('set'), JSON.stringify(action('by-hand')));
    await publishAction(bus, action('b-last'));
    const breaks = (await verifyAudit(await trail(bus))).breaks;
    expect(breaks.map(({ sequence }) => sequence)).toEqual([end.sequence - 2, end.sequence + 1]);
    expect(breaks[1]?.why).toMatch(/was not written by Cortex/);
  });
});
