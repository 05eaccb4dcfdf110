// 1. Every kind of actor is killed -9 in turn, one every 400 ms, while tasks come in.
// The one thing to know: starting a process costs more processor than 400 ms of a small machine have, so the backlog grows until the kills end. What
// the bound is about is the time beyond what this machine needs for that backlog at the rate it has in peace, measured in the same run.
import { freePort } from '@cortex/bus/testing';
import { untilSize } from '../connections.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { type Scenario, seconds, sleep } from '../scenario.js';
import { ACK_WAIT_MS, LEASE_MS, MASTERS, openStage, plainTask, type Stage } from '../stage.js';

const EVERY_MS = 400;
/** Tasks by which the rate in peace is measured. */
const PEACEFUL = 500;

export const killActors: Scenario = {
  number: 1,
  name: 'actors killed',
  fault: 'kill -9 of an actor every 400 ms, all kinds in turn',
  pass: '0 lost, 0 applied twice, drained within 2 leases + 10 s beyond what the backlog takes in peace',
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
      const rate = await peacefulRate(stage, tasks, run.quick ? PEACEFUL / 5 : PEACEFUL);
      const total = kinds.length * killsEach;
      const loading = stage.load(tasks, tasks / ((total * EVERY_MS) / 1_000));
      for (let i = 0; i < total; i++) {
        await sleep(EVERY_MS);
        const kind = kinds[i % kinds.length] as string;
        const candidates = stage.children.filter((child) => child.name.startsWith(kind));
        const child = candidates[Math.floor(run.random() * candidates.length)];
        await child?.kill();
        child?.restart();
      }
      // A process takes its time to start, more on a busy machine: the bound counts from when all are there again.
      await untilSize(monitor, stage.children.length + 1);
      const faultEnded = Date.now();
      await loading;
      const backlog = stage.ledger.acked.size - (await stage.settled());
      const bound = 2 * Math.max(LEASE_MS, ACK_WAIT_MS) + 10_000 + Math.round((backlog / rate) * 1_000);
      await stage.drained(bound + 60_000);
      const recoveredMs = Date.now() - faultEnded;
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: {
          ...countsOf(tally),
          kills: total,
          backlog_when_all_were_back: backlog,
          tasks_a_second_in_peace: Math.round(rate),
        },
        recoveredMs,
        checks: [...nothingLostOrTwice(tally), seconds('drained after the last one was back', recoveredMs, bound)],
      };
    } finally {
      await stage.close();
    }
  },
};

/** Tasks a second that this machine does while nobody is killed. */
async function peacefulRate(stage: Stage, after: number, count: number): Promise<number> {
  const began = performance.now();
  await stage.load(count, 1_000_000, (i) => plainTask(after + i));
  await stage.drained(120_000);
  return (count * 1_000) / (performance.now() - began);
}
