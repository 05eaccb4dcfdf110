// 4. The same publishes again: at once, after a restart of the server, and after its window of de-duplication; claims too.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { until } from '@cortex/bus/testing';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { exactly, type Scenario, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

const WINDOW_MS = 1_000;

export const duplicates: Scenario = {
  number: 4,
  name: 'duplicates',
  fault: '5 % published twice at once; all again after a restart, and again after the window; 5 % of the claims twice',
  pass: '0 applied twice, as many tasks as ids',
  quick: '300 tasks',
  async run(run) {
    const tasks = run.quick ? 300 : 10_000;
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      // Shortened so that it can be outlived here; two minutes are the default.
      await bus.jsm.streams.update('TASKS', { duplicate_window: WINDOW_MS * 1e6 });
      await stage.inside(coordinatorActor());
      for (const master of MASTERS) await stage.insideWorker(master);
      await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
      let again = 0;
      const repeat = async (share: number, label: string) => {
        for (let i = 0; i < tasks; i++) {
          if (run.random() >= share) continue;
          const task = plainTask(i);
          await bus.js.publish(bus.subjects.submit, JSON.stringify({ ...task, text: `${task.text}, ${label}` }), {
            msgID: task.id,
            timeout: 20_000,
          });
          again++;
        }
      };
      await stage.load(tasks, 300);
      await repeat(0.05, 'at once');
      await stage.drained(60_000);
      await stage.server?.kill();
      await stage.server?.restart();
      await until('the server to be back', () => bus.jsm.streams.info('TASKS').catch(() => undefined), 30_000);
      await repeat(1, 'after the restart');
      await sleep(WINDOW_MS * 2);
      await repeat(1, 'after the window');
      let claims = 0;
      for (const { task, worker, attempt } of stage.ledger.effects()) {
        if (run.random() >= 0.05) continue;
        const claim = { task, worker, attempt, status: claims % 2 ? 'failed' : 'completed' };
        await bus.js.publish(bus.subjects.outcome('security'), JSON.stringify(claim), { timeout: 20_000 });
        claims++;
      }
      const idle = async (stream: string) => {
        const info = await bus.jsm.consumers.info(stream, 'coordinator');
        return info.num_pending + info.num_ack_pending === 0;
      };
      await until('all to be worked off', async () => (await idle('TASKS')) && (await idle('OUTCOMES')), 60_000);
      const tally = await stage.ledger.tally(bus);
      return {
        counts: { ...countsOf(tally), published_again: again, claimed_again: claims },
        checks: [...nothingLostOrTwice(tally), exactly('settled records', await stage.settled(), tasks)],
      };
    } finally {
      await stage.close();
    }
  },
};
