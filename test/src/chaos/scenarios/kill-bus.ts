// 2. nats-server is killed -9 under load and stays away for a while.
import { freePort } from '@cortex/bus/testing';
import { connections, untilConnected } from '../connections.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { exactly, type Scenario, seconds, sleep } from '../scenario.js';
import { LEASE_MS, MASTERS, openStage } from '../stage.js';

export const killBus: Scenario = {
  number: 2,
  name: 'bus killed',
  fault: 'nats-server kill -9 under load, back after 0.3 to 10 s',
  pass: '0 lost, 0 applied twice, every actor connected again ≤ 10 s after each return, none exits',
  quick: '2 kills, away 0.3 and 2 s, 200 tasks',
  async run(run) {
    const away = run.quick ? [300, 2_000] : [300, 1_000, 3_000, 6_000, 10_000];
    const tasks = run.quick ? 200 : 4_000;
    const monitor = await freePort();
    const stage = await openStage(run, { serverArgs: ['-m', String(monitor)] });
    try {
      const kinds = run.quick
        ? ['coordinator', 'router']
        : ['coordinator', 'router', 'predictor', 'recorder', 'watchdog', 'deployer', 'trainer', 'librarian'];
      for (const kind of kinds) stage.actor(kind);
      for (const master of MASTERS) stage.worker(master);
      await stage.ready([...kinds, ...MASTERS.map(() => 'worker')]);
      const there = await connections(monitor);
      const seconds_ = (away.reduce((a, b) => a + b, 0) + away.length * 3_000) / 1_000;
      const loading = stage.load(tasks, tasks / seconds_);
      let slowest = 0;
      for (const ms of away) {
        await sleep(1_500);
        await stage.server?.kill();
        await sleep(ms);
        await stage.server?.restart();
        const back = Date.now();
        await untilConnected(monitor, there, 60_000);
        slowest = Math.max(slowest, Date.now() - back);
      }
      const ended = Date.now();
      await loading;
      await stage.drained(120_000);
      const recoveredMs = Date.now() - ended;
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: { ...countsOf(tally), kills: away.length },
        recoveredMs,
        checks: [
          ...nothingLostOrTwice(tally),
          seconds('slowest actor connected again', slowest, 10_000),
          exactly('actors that ended', stage.children.filter((child) => child.crashes() > 0).length, 0),
          seconds('drained', recoveredMs, 2 * LEASE_MS + 30_000),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
