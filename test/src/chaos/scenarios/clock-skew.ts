// 16. One actor's clock is ten minutes ahead, a worker's ten minutes behind: the order is the log's, deadlines are the server's.
import { fileURLToPath } from 'node:url';
import { until } from '@cortex/bus/testing';
import { readLog } from '../../harness/ledger.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { atMost, exactly, type Scenario } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

const TEN_MINUTES = 600_000;
const SKEW = fileURLToPath(new URL('../skew.js', import.meta.url));

export const clockSkew: Scenario = {
  number: 16,
  name: 'clock skew',
  fault: 'coordinator and router 10 minutes ahead of each other and of the bus, a worker 10 minutes behind',
  pass: 'order by sequence, nothing expires early, no deadline missed by more than 1 s, the router is heard',
  quick: '100 tasks instead of 2,000; a deadline may be 5 s late on a busy machine, never early',
  async run(run) {
    const tasks = run.quick ? 100 : 2_000;
    const stage = await openStage(run);
    const skewed = (ms: number) => ({ NODE_OPTIONS: `--import=${SKEW}`, CHAOS_SKEW_MS: String(ms) });
    try {
      stage.actor('coordinator', skewed(TEN_MINUTES));
      stage.actor('router', skewed(-TEN_MINUTES));
      stage.worker(MASTERS[0], 'behind', skewed(-TEN_MINUTES));
      stage.worker(MASTERS[1], 'right');
      stage.worker(MASTERS[2], 'ahead', skewed(TEN_MINUTES));
      await stage.ready(['coordinator', 'router', ...MASTERS.map(() => 'worker')]);
      // Far enough that none may expire, near enough that a clock ten minutes off would have them expire.
      const inFiveMinutes = new Date(Date.now() + 300_000).toISOString();
      await stage.load(tasks, 50, (i) => ({ ...plainTask(i), deadline: inFiveMinutes }));
      await stage.drained(60_000);
      // Nobody works for this master, so these wait for their deadline.
      const due: { id: string; at: number }[] = [];
      for (let i = 0; i < 10; i++) {
        const at = Date.now() + 2_000 + i * 200;
        const id = `due ${i}`;
        due.push({ id, at });
        const deadline = new Date(at).toISOString();
        await stage.bus.js.publish(
          stage.bus.subjects.submit,
          JSON.stringify({ id, text: 'nobody does this', master: 'coordinator', deadline }),
        );
      }
      const ended = async () => {
        const entries = await readLog(stage.bus);
        return due.every(({ id }) => entries.get(id)?.some(({ record }) => record.step === 'expired'));
      };
      await until('all deadlines to have passed', ended, 60_000);
      const log = await readLog(stage.bus);
      const tally = stage.ledger.count(log);
      const expired = due.map(({ id, at }) => {
        const entry = log.get(id)?.find(({ record }) => record.step === 'expired');
        return entry === undefined ? Number.POSITIVE_INFINITY : (entry.storedAt - at) / 1_000;
      });
      const early = [...log].filter(
        ([id, entries]) => id.startsWith('task') && entries.some((e) => e.record.step === 'expired'),
      );
      const unheard = [...log.values()].filter((entries) =>
        entries.some(
          ({ record }) =>
            record.step === 'decided' && /did not answer/.test(record.decision?.explanation.join(' ') ?? ''),
        ),
      );
      const revisions = [...log.values()].every((entries) =>
        entries.every(({ record }, i) => record.revision === i + 1),
      );
      return {
        counts: { ...countsOf(tally), deadlines: due.length },
        checks: [
          ...nothingLostOrTwice(tally),
          exactly('expired five minutes early', early.length, 0),
          exactly('expired before their deadline', expired.filter((late) => late < 0).length, 0),
          atMost('latest after its deadline', Math.max(...expired), run.quick ? 5 : 1, ' s'),
          atMost('decided without the router', unheard.length, Math.ceil(tasks * (run.quick ? 0.25 : 0.05))),
          exactly('tasks whose records are not in order', revisions ? 0 : 1, 0),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
