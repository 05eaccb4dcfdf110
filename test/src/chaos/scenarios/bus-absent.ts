// 3. Everything is started before there is a bus.
import { freePort, startTestServer, until } from '@cortex/bus/testing';
import { startCortex, startProgram } from '../../harness/children.js';
import { connections } from '../connections.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { exactly, type Scenario, seconds } from '../scenario.js';
import { environment, MASTERS, openStage, WORKER } from '../stage.js';

export const busAbsent: Scenario = {
  number: 3,
  name: 'bus absent at start',
  fault: 'all actors and workers start before there is a bus',
  pass: 'all wait, none ends, all connected ≤ 5 s after it is up, and tasks are done',
  quick: '3 kinds of actors instead of 8, 30 tasks',
  async run(run) {
    const port = await freePort();
    const monitor = await freePort();
    const env = environment(run, `nats://127.0.0.1:${port}`);
    const kinds = run.quick
      ? ['coordinator', 'router', 'watchdog']
      : ['coordinator', 'router', 'predictor', 'recorder', 'watchdog', 'deployer', 'trainer', 'librarian'];
    const tasks = run.quick ? 30 : 300;
    const children = [
      ...kinds.map((kind) => startCortex(kind, ['actor', kind], env)),
      ...MASTERS.map((master) => startProgram(`worker ${master}`, WORKER, [`w-${master}`, master], env)),
    ];
    const server = { stop: async () => {} };
    try {
      await until(
        'all to say that they wait',
        () => children.every((child) => /the bus is away/.test(child.stderr()) || child.crashes() > 0),
        120_000,
      );
      const waited = children.filter((child) => child.alive()).length;
      const started = await startTestServer(['-m', String(monitor)], { port });
      server.stop = started.stop;
      const up = Date.now();
      await until('all to be connected', async () => (await connections(monitor)).size >= children.length, 60_000);
      const connectedMs = Date.now() - up;
      const stage = await openStage(run, { url: started.url });
      try {
        await stage.ready([...kinds, ...MASTERS.map(() => 'worker')]);
        await stage.load(tasks, 50);
        await stage.drained(60_000);
        const recoveredMs = Date.now() - up;
        const tally = await stage.ledger.tally(stage.bus);
        return {
          counts: { ...countsOf(tally), processes: children.length },
          recoveredMs,
          checks: [
            exactly('processes that waited', waited, children.length),
            exactly('processes that ended', children.filter((child) => child.crashes() > 0).length, 0),
            seconds('all connected', connectedMs, 5_000),
            ...nothingLostOrTwice(tally),
          ],
        };
      } finally {
        await stage.close();
      }
    } finally {
      await Promise.all(children.map((child) => child.kill()));
      await server.stop();
    }
  },
};
