import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Bus, entryOf, openMasters, silentLogger, taskLog, verifyAudit } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { type Action, actionSchema, decodeMessage } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { openJournal } from '../journal.js';
import { createMender, listActs } from './mender.js';

const SCRIPT = new URL('../../dist/testing/mend-process.js', import.meta.url);
const ROUNDS = 3;
/** Until one of them has died inside an intervention, not between two. */
const MOST_ROUNDS = 12;
const EACH = 30;

async function told(bus: Bus) {
  const actions: Action[] = [];
  const { state } = await bus.jsm.streams.info('ACTIONS');
  const entries = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await bus.jsm.streams.getMessage('ACTIONS', { seq });
    if (!message) continue;
    entries.push(entryOf(message));
    actions.push(decodeMessage('action', actionSchema, message.data));
  }
  return { actions, breaks: (await verifyAudit(entries)).breaks };
}

describeOnServer('a watchdog killed -9 while it intervenes', (suite) => {
  it('leaves nothing half done: whoever leads next finishes it, and the trail tells each once', async () => {
    const bus = await suite.connect();
    const masters = await openMasters(bus);
    const journal = await openJournal(bus);
    let cutOff = 0;
    for (let round = 0; round < MOST_ROUNDS && (round < ROUNDS || cutOff === 0); round++) {
      const names = Array.from({ length: EACH }, (_, i) => `m-${round}-${i}`);
      for (const name of names) await masters.put({ name });
      const child = fork(SCRIPT, [JSON.stringify(names), suite.server().url], { execArgv: [] });
      const gone = once(child, 'exit');
      await once(child, 'message');
      const mine = async () => (await listActs(bus)).filter((act) => names.includes(String(act.args.master)));
      // Somewhere on its way, at another place each time.
      await until('the first interventions', async () => (await mine()).length > round * 3);
      child.kill('SIGKILL');
      await gone;
      const begun = await mine();
      cutOff += begun.filter((act) => act.state === 'intent').length;

      await createMender({ bus, tasks: taskLog(bus), masters }, journal, silentLogger).finishOthers();
      const ended = await mine();
      expect(ended.map((act) => act.state)).toEqual(begun.map(() => 'done'));
      const intended = new Set(ended.map((act) => String(act.args.master)));
      await until('this connection to know all', () =>
        [...intended].every((name) => masters.find(name)?.status === 'paused'),
      );
      for (const name of names)
        expect([name, masters.find(name)?.status]).toEqual([name, intended.has(name) ? 'paused' : 'active']);
      const { actions, breaks } = await told(bus);
      expect(breaks).toEqual([]);
      const done = actions.filter((action) => action.state === 'done').map((action) => action.id);
      for (const act of ended) expect(done.filter((id) => id === act.id)).toEqual([act.id]);
    }
    expect(cutOff).toBeGreaterThan(0);
    await masters.close();
  }, 90_000);
});
