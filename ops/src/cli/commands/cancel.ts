// `cortex cancel ID`: asks for a task to be cancelled, and says what came of it.
import { publish, taskLog, withMessagingSpan } from '@cortex/bus';
import { type Cancel, EVENT_TYPES, SPAN_KEYS } from '@cortex/schemas';
import type { Command } from 'commander';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { printJson, printText } from '../output/index.js';
import { person, requireStream, withBus } from '../session.js';
import { taskId } from '../task-id.js';

interface Flags extends BusFlags {
  reason?: string;
  json?: boolean;
}

const PATIENCE_MS = 3_000;

export function addCancel(program: Command): void {
  const command = program
    .command('cancel')
    .summary('cancel a task that is not settled yet')
    .description(
      'Cancels a task. One that is settled already stays as it is; one that is still to come is cancelled when it comes.',
    )
    .argument('<id>', 'id of the task')
    .option('--reason <text>', 'why, for whoever looks at it later');
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'cancel t-1 --reason "no longer needed"');
  command.action(cancel);
}

async function cancel(given: string, flags: Flags): Promise<void> {
  const id = taskId(given);
  await withBus(flags, async (bus) => {
    await requireStream(bus, 'TASKS');
    const message: Cancel = { task: id, by: person(), ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
    await withMessagingSpan(
      { operation: 'send', template: bus.subjects.cancel, attributes: { [SPAN_KEYS.taskId]: id } },
      () => publish(bus, bus.subjects.cancel, message, { type: EVENT_TYPES.taskCancel }),
    );
    const log = taskLog(bus);
    const end = Date.now() + PATIENCE_MS;
    let state = 'asked';
    while (Date.now() < end && state === 'asked') {
      const last = await log.last(id);
      if (last?.record.settled_as) state = last.record.settled_as;
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (flags.json) return printJson({ task: id, state });
    const words: Record<string, string> = {
      cancelled: `${id} is cancelled`,
      settled: `${id} was done already: it stays as it is`,
      expired: `${id} had expired already`,
      asked: `${id}: cancelling asked for; nobody has answered yet (is a coordinator running? "cortex doctor" tells)`,
    };
    printText(words[state] ?? state);
  });
}
