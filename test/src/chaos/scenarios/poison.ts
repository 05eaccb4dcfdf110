// 5. One task in a hundred cannot be done: it ends in DEAD with all that is known, and nobody behind it waits.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { deadLettersOf, eventHeaders, RetryLater } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { EVENT_TYPES } from '@cortex/schemas';
import { readLog } from '../../harness/ledger.js';
import { quantile } from '../../harness/statistics.js';
import { countsOf } from '../ledger.js';
import { atMost, type Check, exactly, type Scenario } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

const DELIVERIES = 3;
const TRACE = '0af7651916cd43dd8448eb211c80319c';

export const poison: Scenario = {
  number: 5,
  name: 'poison',
  fault: '1 % of the tasks cannot be done, and as many cannot even be read',
  pass: 'all in DEAD with headers, reason, attempts and trace; p99 of the others ≤ 1.2 times that without them',
  quick: '400 tasks with and without poison instead of 5,000; the two p99 are printed and not judged',
  async run(run) {
    const tasks = run.quick ? 400 : 5_000;
    const stage = await openStage(run, { provision: { maxDeliver: DELIVERIES } });
    const { bus } = stage;
    try {
      await stage.inside(coordinatorActor());
      for (const master of MASTERS)
        await stage.insideWorker(master, (job) => {
          if (job.task.text.includes('poison')) throw new RetryLater('it cannot be done', 50);
        });
      await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
      let next = 0;
      let unreadable = 0;
      const wave = async (poisoned: boolean) => {
        const flights: Promise<unknown>[] = [];
        await stage.load(tasks / 4, 100, () => {
          const i = next++;
          const bad = poisoned && i % 100 === 7;
          if (bad) {
            const told = eventHeaders({ type: EVENT_TYPES.taskSubmit, source: '/chaos' });
            told.set('traceparent', `00-${TRACE}-b7ad6b7169203331-01`);
            told.set('x-origin', 'chaos');
            unreadable++;
            flights.push(bus.js.publish(bus.subjects.submit, '{"text":', { headers: told }));
          }
          const task = plainTask(i);
          return bad
            ? { ...task, text: `${task.text} poison` }
            : { ...task, labels: { wave: poisoned ? 'with' : 'without' } };
        });
        await Promise.all(flights);
        await stage.drained(60_000);
      };
      // In turn, so that whatever else this machine does falls on both.
      for (const poisoned of [false, true, false, true]) await wave(poisoned);
      const letters = await until('all dead letters', async () => {
        const all = await deadLettersOf(bus);
        return all.length >= 2 * unreadable ? all : undefined;
      });
      const fromWork = letters.filter(({ stream }) => stream === 'LOG');
      const fromInlet = letters.filter(({ stream }) => stream === 'TASKS');
      const log = await readLog(bus);
      const took = (which: string) =>
        [...log].flatMap(([id, entries]) => {
          const [decided, settled] = ['decided', 'settled'].map((step) => entries.find((e) => e.record.step === step));
          const labels = decided?.record.task.labels as Record<string, string> | undefined;
          if (labels?.wave !== which || !settled) return [];
          return [settled.storedAt - (stage.ledger.acked.get(id) ?? settled.storedAt)];
        });
      const [p99With, p99Without] = [quantile(took('with'), 0.99), quantile(took('without'), 0.99)];
      const judged: Check[] = run.quick
        ? []
        : [atMost('p99 of the others, times that without poison', p99With / p99Without, 1.2)];
      const tally = stage.ledger.count(log);
      return {
        counts: {
          ...countsOf(tally),
          poisoned: unreadable,
          unreadable,
          p99_with_ms: Math.round(p99With),
          p99_without_ms: Math.round(p99Without),
        },
        checks: [
          exactly('work in DEAD', fromWork.length, unreadable),
          exactly(
            'of it with all attempts, reason and headers',
            fromWork.filter(
              (l) =>
                l.attempts === DELIVERIES && l.reason === 'it cannot be done' && l.headers['ce-type'] !== undefined,
            ).length,
            unreadable,
          ),
          exactly('unreadable in DEAD', fromInlet.length, unreadable),
          exactly(
            'of it with trace, headers and reason',
            fromInlet.filter(
              (l) =>
                l.trace_id === TRACE &&
                l.headers['x-origin']?.[0] === 'chaos' &&
                l.attempts === 1 &&
                /^task: /.test(l.reason),
            ).length,
            unreadable,
          ),
          exactly('lost', tally.lost.length, 0),
          exactly('applied twice', tally.twice.length, 0),
          ...judged,
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
