// 9. Workers become fifty times slower: the backlog waits in the log, not in anybody's memory.
import type { Telemetry } from '@cortex/schemas';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { residentMiB } from '../memory.js';
import { atMost, type Scenario, seconds, sleep } from '../scenario.js';
import { MASTERS, openStage } from '../stage.js';

const FAST_MS = 5;
const AT_ONCE = 8;

export const slowConsumer: Scenario = {
  number: 9,
  name: 'slow consumer',
  fault: 'work takes 50 times longer for a while, tasks come in as before',
  pass: 'memory flat, never more tasks in hand than places, recovers',
  quick: '600 tasks instead of 10,000',
  async run(run) {
    const tasks = run.quick ? 600 : 10_000;
    const slow = Math.round(tasks / 6);
    const master = MASTERS[1];
    const stage = await openStage(run);
    try {
      const coordinator = stage.actor('coordinator');
      const worker = stage.worker(master, 'slow');
      await stage.ready(['coordinator', 'worker']);
      const task = (i: number, ms: number) => ({
        id: `task ${i}`,
        text: `${master} work`,
        master,
        labels: { ms: String(ms) },
      });
      await stage.load(200, 100, (i) => task(i, FAST_MS));
      await stage.drained(60_000);
      const before = { coordinator: residentMiB(coordinator.pid()), worker: residentMiB(worker.pid()) };
      let mostInHand = 0;
      let most = { coordinator: 0, worker: 0 };
      const watch = setInterval(() => {
        most = {
          coordinator: Math.max(most.coordinator, residentMiB(coordinator.pid())),
          worker: Math.max(most.worker, residentMiB(worker.pid())),
        };
      }, 200);
      // Its own count: the server's has those, too, whose acknowledgement is on its way.
      const pulse = stage.bus.nc.subscribe(stage.bus.subjects.telemetry('slow'), {
        callback: (error, message) => {
          if (error) return;
          mostInHand = Math.max(mostInHand, message.json<Telemetry>().gauges?.in_flight ?? 0);
        },
      });
      await stage.load(tasks - 200, run.quick ? 100 : 200, (i) => task(200 + i, i < slow ? 50 * FAST_MS : FAST_MS));
      const ended = Date.now();
      const backlog = stage.ledger.acked.size - (await stage.settled());
      const bound = (slow * 50 * FAST_MS) / AT_ONCE + (tasks * FAST_MS) / AT_ONCE + 60_000;
      await stage.drained(2 * bound);
      const recoveredMs = Date.now() - ended;
      clearInterval(watch);
      pulse.unsubscribe();
      await sleep(200);
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: {
          ...countsOf(tally),
          backlog,
          coordinator_mib: Math.round(most.coordinator),
          worker_mib: Math.round(most.worker),
        },
        recoveredMs,
        checks: [
          ...nothingLostOrTwice(tally),
          atMost('most tasks in hand', mostInHand || Number.NaN, AT_ONCE),
          // A young process still grows by itself: half as much again, or 64 MiB.
          atMost(
            'growth of the coordinator',
            most.coordinator - before.coordinator,
            Math.max(64, before.coordinator / 2),
            ' MiB',
          ),
          atMost('growth of the worker', most.worker - before.worker, Math.max(64, before.worker / 2), ' MiB'),
          seconds('drained', recoveredMs, bound),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
