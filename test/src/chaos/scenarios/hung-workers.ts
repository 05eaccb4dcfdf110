// 10. Work that never ends, an event loop that stands still, a process that is paused: for three leases, then on as if nothing had been.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { readLog } from '../../harness/ledger.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { atMost, exactly, holds, type Scenario, seconds, sleep } from '../scenario.js';
import { LEASE_MS, MASTERS, openStage, plainTask } from '../stage.js';

export const hungWorkers: Scenario = {
  number: 10,
  name: 'hung workers',
  fault: 'a handler that never ends; an event loop blocked for 3 leases; SIGSTOP for 3 leases, then CONT',
  pass: 'cut, redelivered, fenced: 0 lost, 0 applied twice',
  quick: '60 tasks, 1 of each fault instead of 300 and 10',
  async run(run) {
    const tasks = run.quick ? 60 : 300;
    const each = run.quick ? 1 : 10;
    const limitMs = 2 * LEASE_MS;
    const stage = await openStage(run);
    try {
      await stage.inside(coordinatorActor());
      for (const master of MASTERS)
        for (const i of [1, 2]) stage.worker(master, `${master}-${i}`, { CHAOS_TIME_LIMIT_MS: String(limitMs) });
      await stage.ready(['coordinator', ...MASTERS.flatMap(() => ['worker', 'worker'])]);
      const began = Date.now();
      // One kind of fault after the other: a blocked worker can neither cut nor be paused.
      const faulty = (i: number, fault: string) => ({
        ...plainTask(i),
        labels: { ms: '40', fault, block_ms: String(3 * LEASE_MS) },
      });
      const usual = (count: number, from: number) =>
        stage.load(count, run.quick ? 10 : 20, (i) => ({ ...plainTask(from + i), labels: { ms: '40' } }));
      const share = Math.floor((tasks - 2 * each) / 3);
      let next = 2 * each;
      const beside = (fault: () => Promise<void>) => {
        const loading = usual(share, next);
        next += share;
        return Promise.all([loading, fault()]);
      };
      await beside(async () => {
        for (let i = 0; i < each; i++) await stage.submit(faulty(i, 'endless'));
        await sleep(limitMs + 2_000);
      });
      await beside(async () => {
        for (let i = each; i < 2 * each; i++) {
          await stage.submit(faulty(i, 'block'));
          // Its master has one more worker, which must be free to take it.
          await sleep(3 * LEASE_MS + 1_000);
        }
      });
      await beside(async () => {
        for (let i = 0; i < each; i++) {
          const victim = stage.children[Math.floor(run.random() * stage.children.length)];
          victim?.signal('SIGSTOP');
          await sleep(3 * LEASE_MS);
          victim?.signal('SIGCONT');
          await sleep(500);
        }
      });
      const ended = Date.now();
      const longest = 2 * (LEASE_MS + limitMs) + 10_000;
      await stage.drained(longest + 60_000);
      const recoveredMs = Date.now() - ended;
      // Late claims come now; they must find the door shut.
      await sleep(2_000);
      const log = await readLog(stage.bus);
      const tally = stage.ledger.count(log);
      const endOf = (i: number) => log.get(`task ${i}`)?.find(({ record }) => record.step === 'settled')?.record;
      const cut = Array.from({ length: each }, (_, i) => endOf(i)).filter(
        (record) => record?.outcome?.status === 'failed' && /time limit/.test(record.outcome.error ?? ''),
      );
      const redone = Array.from({ length: each }, (_, i) => endOf(each + i)).filter(
        (record) => (record?.outcome?.attempt ?? 1) > 1,
      );
      return {
        counts: {
          ...countsOf(tally),
          faults: 3 * each,
          lease_s: LEASE_MS / 1_000,
          took_s: Math.round((Date.now() - began) / 1_000),
        },
        recoveredMs,
        checks: [
          ...nothingLostOrTwice(tally),
          exactly('endless ones cut at their limit', cut.length, each),
          exactly('blocked ones done by another worker', redone.length, each),
          holds(
            'the blocked one ended too, and was fenced',
            tally.workedAgain >= each,
            `${tally.workedAgain} done twice`,
          ),
          seconds('drained', recoveredMs, longest),
          atMost('workers that ended', stage.children.filter((child) => child.crashes() > 0).length, 0),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
