// Rubbish on the public inlet, good tasks among it: nothing crashes, each bad one is refused once with its reason, each good one is decided.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { deadLettersOf, openMasters, type RunningActor, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { decodeTask, InvalidMessage } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { readLog } from '../harness/ledger.js';
import { fuzzedPayloads } from './payloads.js';

const SEED = Number(process.env.CORTEX_FUZZ_SEED ?? 20_261_122);
const BAD = 10_000;
const GOOD = 200;

describeOnServer('ten thousand fuzzed payloads on tasks.submit', (suite) => {
  it('are each decided or refused once with a reason, and the good tasks among them are all decided', {
    timeout: 300_000,
  }, async () => {
    process.stderr.write(`fuzz: seed ${SEED} (CORTEX_FUZZ_SEED)\n`);
    const bus = await suite.connect();
    const masters = await openMasters(bus);
    await masters.put({ name: 'security', keywords: ['scan'] });
    await masters.close();
    const actor: RunningActor = await runActor(coordinatorActor(), await suite.connect({ name: 'coordinator' }), {
      log: silentLogger,
    });
    const payloads = fuzzedPayloads(SEED, BAD);
    const sequences = new Map<number, number>();
    for (const [i, { payload }] of payloads.entries()) {
      sequences.set((await bus.js.publish(bus.subjects.submit, payload)).seq, i);
      if (i % (BAD / GOOD) === 0)
        await bus.js.publish(bus.subjects.submit, JSON.stringify({ id: `good ${i}`, text: 'scan the payments repo' }));
    }
    await until(
      'all to be worked off',
      async () => {
        const info = await bus.jsm.consumers.info('TASKS', 'coordinator');
        return info.num_pending === 0 && info.num_ack_pending === 0;
      },
      240_000,
    );
    expect(actor.state()).toBe('ready');

    const refused = new Map<number, string[]>();
    for (const letter of await deadLettersOf(bus, 'TASKS'))
      refused.set(letter.sequence, [...(refused.get(letter.sequence) ?? []), letter.reason]);
    const log = await readLog(bus);
    let decided = 0;
    for (const [sequence, i] of sequences) {
      const { kind, payload } = payloads[i] as (typeof payloads)[number];
      const reasons = refused.get(sequence) ?? [];
      const readable = (() => {
        try {
          return decodeTask(payload);
        } catch (error) {
          if (error instanceof InvalidMessage) return undefined;
          throw error;
        }
      })();
      // A readable one may still be refused, for a master nobody registered; never both, never neither.
      const pinnedToNobody = readable?.master !== undefined && !/^security(-master)?$/.test(readable.master);
      if (readable && !pinnedToNobody) {
        expect(reasons, `${kind} ${i}`).toEqual([]);
        decided++;
      } else {
        expect(reasons, `${kind} ${i}`).toHaveLength(1);
        expect(reasons[0], `${kind} ${i}`).toMatch(/^task: .+/);
      }
    }
    for (let i = 0; i < BAD; i += BAD / GOOD)
      expect(log.get(`good ${i}`)?.[0]?.record.decision?.master, `good ${i}`).toBe('security');
    // The same rubbish may name the same id twice: those are one task.
    expect(log.size).toBeLessThanOrEqual(decided + GOOD);
    expect(refused.size).toBeGreaterThan(BAD / 4);
    expect(log.size).toBeGreaterThan(BAD / 20);
    await actor.drain();
  });
});
