// 11. SIGTERM under load, one actor after the other, each started again: nobody else may notice.
import { freePort } from '@cortex/bus/testing';
import { untilSize } from '../connections.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { exactly, type Scenario, seconds } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const rollingRestarts: Scenario = {
  number: 11,
  name: 'rolling restarts',
  fault: 'SIGTERM of one actor after the other under load, each started again',
  pass: '0 redeliveries, 0 lost',
  quick: '6 restarts at 10 tasks a second instead of 100 at 50',
  async run(run) {
    const restarts = run.quick ? 6 : 100;
    const monitor = await freePort();
    const stage = await openStage(run, { serverArgs: ['-m', String(monitor)] });
    try {
      stage.actor('coordinator');
      stage.actor('coordinator');
      stage.actor('router');
      for (const master of MASTERS) stage.worker(master);
      await stage.ready(['coordinator', 'coordinator', 'router', ...MASTERS.map(() => 'worker')]);
      const { bus } = stage;
      const deliveries = async (stream: string) => {
        const { delivered, num_pending } = await bus.jsm.consumers.info(stream, 'coordinator');
        return { times: delivered.consumer_seq, messages: delivered.stream_seq, num_pending };
      };
      const before = { tasks: await deliveries('TASKS'), outcomes: await deliveries('OUTCOMES') };
      let rolling = true;
      let restarted = 0;
      let slowest = 0;
      const roll = (async () => {
        while (rolling && restarted < restarts) {
          const child = stage.children[restarted % stage.children.length];
          const began = Date.now();
          await child?.stop(40_000);
          slowest = Math.max(slowest, Date.now() - began);
          child?.restart();
          restarted++;
          await untilSize(monitor, stage.children.length + 1);
        }
      })();
      let i = 0;
      const perSecond = run.quick ? 10 : 50;
      while (restarted < restarts) {
        await stage.load(perSecond, perSecond, (k) => ({ ...plainTask(i + k), labels: { ms: '50' } }));
        i += perSecond;
      }
      rolling = false;
      await roll;
      const ended = Date.now();
      await stage.drained(60_000);
      const recoveredMs = Date.now() - ended;
      const after = { tasks: await deliveries('TASKS'), outcomes: await deliveries('OUTCOMES') };
      const extra = (which: 'tasks' | 'outcomes') =>
        after[which].times - before[which].times - (after[which].messages - before[which].messages);
      const tally = await stage.ledger.tally(bus);
      return {
        counts: { ...countsOf(tally), restarts: restarted },
        recoveredMs,
        checks: [
          ...nothingLostOrTwice(tally),
          exactly('tasks delivered again to coordinators', extra('tasks'), 0),
          exactly('claims delivered again to coordinators', extra('outcomes'), 0),
          exactly('work delivered again to workers', stage.ledger.effects().filter((e) => e.attempt > 1).length, 0),
          seconds('slowest orderly stop', slowest, 30_000),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
