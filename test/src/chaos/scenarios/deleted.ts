// 17. Somebody deletes a stream or a consumer under the running system.
import { coordinatorActor } from '@cortex/actor-coordinator';

import { exactly, type Scenario, seconds } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

/** What is deleted, and whether what was in it is lost with it. */
const TARGETS = [
  'TASKS/coordinator',
  'OUTCOMES/coordinator',
  'LOG/work-security-medium',
  'ASKS',
  'TASKS',
  'OUTCOMES',
  'TIMERS',
  'DEAD',
];

export const deleted: Scenario = {
  number: 17,
  name: 'deleted',
  fault: 'a stream or a consumer is deleted while tasks come in',
  pass: 'made again or loud within 30 s, never silent idleness: tasks published afterwards are done',
  quick: `4 deletions instead of ${TARGETS.length}`,
  async run(run) {
    const targets = run.quick ? TARGETS.filter((_, i) => i % 2 === 0) : TARGETS;
    const stage = await openStage(run);
    try {
      const coordinator = await stage.inside(coordinatorActor());
      for (const master of MASTERS) await stage.insideWorker(master);
      await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
      let slowest = 0;
      let slowestOf = '';
      let wave = 0;
      for (const target of targets) {
        await stage.load(20, 50, (i) => plainTask(wave * 1_000 + i));
        await stage.drained(30_000);
        const [stream = '', consumer] = target.split('/');
        if (consumer) await stage.bus.jsm.consumers.delete(stream, consumer);
        else await stage.bus.jsm.streams.delete(stream);
        const at = Date.now();
        wave++;
        // Published at once: insists until it is acknowledged.
        await stage.load(20, 50, (i) => plainTask(wave * 1_000 + 500 + i));
        const done = await stage.drained(60_000);
        const took = done ? Date.now() - at : Number.POSITIVE_INFINITY;
        run.say(
          `${target}: well again after ${Math.round(took / 100) / 10} s, coordinator ${coordinator.state()} ${coordinator.detail() ?? ''}`,
        );
        if (took > slowest) [slowest, slowestOf] = [took, target];
      }
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: { published: tally.published, settled: tally.settled, deletions: targets.length },
        checks: [
          seconds(`slowest (${slowestOf})`, slowest, 30_000),
          exactly('lost', tally.lost.length, 0),
          exactly('applied twice', tally.twice.length, 0),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
