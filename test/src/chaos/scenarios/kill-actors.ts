// 1. Every kind of actor is killed -9 in turn, one every 400 ms, while tasks come in.
import { freePort } from '@cortex/bus/testing';
import { untilSize } from '../connections.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { type Scenario, seconds, sleep } from '../scenario.js';
import { ACK_WAIT_MS, LEASE_MS, MASTERS, openStage } from '../stage.js';

const EVERY_MS = 400;

export const killActors: Scenario = {
  number: 1,
  name: 'actors killed',
  fault: 'kill -9 of an actor every 400 ms, all kinds in turn',
  pass: '0 lost, 0 applied twice, drained within 2 leases + 10 s',
  quick: '300 tasks, 3 kinds, 3 kills each',
  async run(run) {
    const kinds = run.quick
      ? ['coordinator', 'worker', 'router']
      : ['coordinator', 'worker', 'router', 'predictor', 'recorder', 'watchdog', 'deployer', 'trainer', 'librarian'];
    const killsEach = run.quick ? 3 : 30;
    const tasks = run.quick ? 300 : 10_000;
    const monitor = await freePort();
    const stage = await openStage(run, { serverArgs: ['-m', String(monitor)] });
    try {
      for (const kind of kinds) if (kind !== 'worker') stage.actor(kind);
      for (const master of MASTERS) stage.worker(master);
      await stage.ready(kinds);
      const kills: Record<string, number> = {};
      const total = kinds.length * killsEach;
      const loading = stage.load(tasks, tasks / ((total * EVERY_MS) / 1_000));
      for (let i = 0; i < total; i++) {
        await sleep(EVERY_MS);
        const kind = kinds[i % kinds.length] as string;
        const candidates = stage.children.filter((child) => child.name.startsWith(kind));
        const child = candidates[Math.floor(run.random() * candidates.length)];
        await child?.kill();
        child?.restart();
        kills[kind] = (kills[kind] ?? 0) + 1;
      }
      // A process takes its time to start, more on a busy machine: the bound counts from when all are there again.
      await untilSize(monitor, stage.children.length + 1);
      const faultEnded = Date.now();
      await loading;
      const bound = 2 * Math.max(LEASE_MS, ACK_WAIT_MS) + 10_000;
      await stage.drained(bound + 60_000);
      const recoveredMs = Date.now() - faultEnded;
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: { ...countsOf(tally), kills: total },
        recoveredMs,
        checks: [...nothingLostOrTwice(tally), seconds('drained after the last one was back', recoveredMs, bound)],
      };
    } finally {
      await stage.close();
    }
  },
};
