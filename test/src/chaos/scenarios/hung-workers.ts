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
      const faulty = (i: number) => (i < each ? 'endless' : i < 2 * each ? 'block' : undefined);
      const loading = stage.load(tasks, run.quick ? 10 : 20, (i) => {
        const fault = faulty(i);
        const labels = { ms: '40', ...(fault ? { fault, block_ms: String(3 * LEASE_MS) } : {}) };
        return { ...plainTask(i), labels };
      });
      for (let i = 0; i < each; i++) {
        await sleep(500);
        const victim = stage.children[Math.floor(run.random() * stage.children.length)];
        victim?.signal('SIGSTOP');
        await sleep(3 * LEASE_MS);
        victim?.signal('SIGCONT');
      }
      await loading;
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
