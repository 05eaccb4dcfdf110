// 8. Too large: refused where it is published, by name, and never a message that nobody can move.
import { coordinatorActor } from '@cortex/actor-coordinator';
import { deadLettersOf, MessageTooLarge, publish } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { EVENT_TYPES } from '@cortex/schemas';
import { readLog } from '../../harness/ledger.js';
import { exactly, holds, type Scenario } from '../scenario.js';
import { openStage } from '../stage.js';

export const tooLarge: Scenario = {
  number: 8,
  name: 'too large',
  fault: "a message over the server's limit, a text over the contract's, a result too large for an outcome",
  pass: 'refused at the publisher by name; the text into DEAD with its field; the result shortened, its task settled',
  quick: 'the same',
  async run(run) {
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      await stage.inside(coordinatorActor());
      await stage.insideWorker('security', () => ({ answer: 'y'.repeat(2_000_000) }) as never);
      await stage.ready(['coordinator', 'worker']);
      const huge = { id: 'huge', text: 'x'.repeat(2_000_000) };
      const refused = await publish(bus, bus.subjects.submit, huge, { type: EVENT_TYPES.taskSubmit }).catch(
        (e: unknown) => e,
      );
      await bus.js.publish(bus.subjects.submit, JSON.stringify({ id: 'long', text: 'x'.repeat(40_000) }));
      await stage.submit({ id: 'result', text: 'security work', master: 'security' });
      await stage.drained(30_000);
      const letters = await until('the dead letter', async () => {
        const all = await deadLettersOf(bus, 'TASKS');
        return all.length > 0 ? all : undefined;
      });
      const log = await readLog(bus);
      return {
        counts: { published: 3, refused: refused instanceof MessageTooLarge ? 1 : 0, dead_letters: letters.length },
        checks: [
          holds(
            'refused by name',
            refused instanceof MessageTooLarge && refused.subject === bus.subjects.submit,
            String(refused),
          ),
          exactly('dead letters', letters.length, 1),
          holds(
            'its reason names the field',
            /^task: text/.test(letters[0]?.reason ?? ''),
            letters[0]?.reason ?? 'none',
          ),
          holds(
            'the task with the large result is settled',
            log.get('result')?.some(({ record }) => record.step === 'settled') ?? false,
          ),
          exactly(
            'tasks in the log that were refused',
            [...log.keys()].filter((id) => id === 'huge' || id === 'long').length,
            0,
          ),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};
