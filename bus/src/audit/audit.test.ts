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

describeOnServer('the audit trail', (suite) => {
  it('is one chain, whoever writes at the same time, and an action is in it once', async () => {
    const [bus, other] = [await suite.connect(), await suite.connect()];
    await Promise.all(Array.from({ length: 40 }, (_, i) => publishAction(i % 2 ? bus : other, action(`a-${i}`))));
    await publishAction(bus, action('a-7'));
    const report = await verifyAudit(await trail(bus));
    expect(report).toMatchObject({ entries: 40, breaks: [] });
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
