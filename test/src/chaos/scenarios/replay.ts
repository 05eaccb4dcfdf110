// 19. All streams are read from their first message, twice: the state that follows must be the same, and the one that is in force.
import { createHash } from 'node:crypto';
import { coordinatorActor, isTerminal } from '@cortex/actor-coordinator';
import type { Bus } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import type { LogRecord } from '@cortex/schemas';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { exactly, holds, type Scenario } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const replay: Scenario = {
  number: 19,
  name: 'replay',
  fault: 'all streams replayed from 1, twice; then all inlets published again to the running system',
  pass: 'same state hash each time, and nothing is done again',
  quick: '200 tasks instead of 5,000',
  async run(run) {
    const tasks = run.quick ? 200 : 5_000;
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      // Purged behind the floor only after this scenario.
      await stage.inside(coordinatorActor({ upkeepMs: 3_600_000 }));
      for (const master of MASTERS) await stage.insideWorker(master);
      await stage.ready(['coordinator', ...MASTERS.map(() => 'worker')]);
      await stage.load(tasks, 200, (i) => ({
        ...plainTask(i),
        priority: ['critical', 'high', 'medium', 'low'][i % 4],
      }));
      for (let i = 0; i < tasks; i += 10)
        await bus.js.publish(bus.subjects.cancel, JSON.stringify({ task: `task ${i}`, by: 'chaos' }));
      await until('all to be at their end', async () => (await stateOf(bus)).open === 0, 60_000);
      await idle(bus);
      const first = await stateOf(bus);
      const second = await stateOf(bus);
      // The inlets' messages again, as a restored backup or a mirror would bring them; without ids, so that nothing but the log recognises them.
      let again = 0;
      for (const stream of ['TASKS', 'OUTCOMES', 'REVIEWS'])
        for (const { subject, data } of await messages(bus, stream)) {
          await bus.js.publish(subject, data);
          again++;
        }
      await idle(bus);
      const third = await stateOf(bus);
      const tally = await stage.ledger.tally(bus);
      return {
        counts: { ...countsOf(tally), records: first.records, published_again: again },
        checks: [
          ...nothingLostOrTwice(tally).filter(({ what }) => what !== 'lost'),
          holds('two replays give the same state', first.hash === second.hash, first.hash.slice(0, 12)),
          holds('the same after all inlets came again', third.hash === first.hash, third.hash.slice(0, 12)),
          exactly('records added by what came again', third.records - first.records, 0),
          exactly('tasks not at their end', first.open, 0),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};

async function idle(bus: Bus): Promise<void> {
  await until(
    'the inlets to be worked off',
    async () => {
      for (const stream of ['TASKS', 'OUTCOMES', 'REVIEWS']) {
        const info = await bus.jsm.consumers.info(stream, 'coordinator');
        if (info.num_pending + info.num_ack_pending > 0) return false;
      }
      return true;
    },
    120_000,
  );
}

/** What a reader that knows nothing concludes from the log: each task's last word, hashed over all tasks. */
async function stateOf(bus: Bus): Promise<{ hash: string; records: number; open: number }> {
  const state = new Map<string, LogRecord>();
  const all = await messages(bus, 'LOG');
  for (const { data } of all) {
    const record = JSON.parse(new TextDecoder().decode(data)) as LogRecord;
    const before = state.get(record.task.id);
    if ((before?.revision ?? 0) >= record.revision) throw new Error(`${record.task.id}: revisions are out of order`);
    state.set(record.task.id, record);
  }
  const hash = createHash('sha256');
  for (const [id, record] of [...state].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(id).update(JSON.stringify(record));
  return {
    hash: hash.digest('hex'),
    records: all.length,
    open: [...state.values()].filter((r) => !isTerminal(r)).length,
  };
}

async function messages(bus: Bus, stream: string): Promise<{ subject: string; data: Uint8Array }[]> {
  const { state } = await bus.jsm.streams.info(stream);
  const found: { subject: string; data: Uint8Array }[] = [];
  if (state.messages === 0) return found;
  const consumer = await bus.js.consumers.get(stream, { deliver_policy: 'all' as never });
  const reading = await consumer.consume({ max_messages: 500 });
  for await (const message of reading) {
    found.push({ subject: message.subject, data: message.data });
    if (message.info.pending === 0) break;
  }
  await reading.close();
  return found;
}
