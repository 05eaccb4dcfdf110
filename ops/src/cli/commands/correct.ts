// `cortex correct ID MASTER`: a person says where a task should have gone. It goes there if it is still open, or with --again; and it is learned from.
import { type Bus, openMasters, publish, taskLog, withMessagingSpan } from '@cortex/bus';
import { EVENT_TYPES, type ReviewAnswer, SPAN_KEYS } from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { printJson, printText, shorten } from '../output/index.js';
import { person, withBus } from '../session.js';
import { taskId } from '../task-id.js';
import { unknown } from './masters.js';

interface Flags extends BusFlags {
  comment?: string;
  again?: boolean;
  json?: boolean;
}

export function addCorrect(program: Command): void {
  const command = program
    .command('correct')
    .summary('say where a task should have gone')
    .description('Says which master a task belongs to. An open task goes there; a settled one is learned from.')
    .argument('<id>', 'id of the task')
    .argument('<master>', 'the right master')
    .option('--comment <text>', 'why')
    .option('--again', 'a task that ended without success is done again there');
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'correct t-1 development', 'correct t-2 security --again');
  command.action(correct);
}

async function correct(given: string, name: string, flags: Flags): Promise<void> {
  const id = taskId(given);
  await withBus(flags, async (bus) => {
    const master = await knownMaster(bus, name, 'MASTER');
    const last = await taskLog(bus).last(id);
    if (!last) throw new Failed(`no task "${shorten(id, 80)}" is in the log: check the id`);
    if (flags.again && last.record.outcome?.success)
      throw new Failed(`${shorten(id, 80)} was completed: there is nothing to do again`);
    const answer: ReviewAnswer = {
      task: id,
      master,
      ...(flags.again ? { answer: 'retry' } : {}),
      by: person(),
      at: new Date().toISOString(),
      ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    };
    await sendAnswer(bus, answer);
    if (flags.json) return printJson(answer);
    printText(
      last.record.settled_as && !flags.again
        ? `${shorten(id, 80)} belonged to ${master}: noted, to learn from`
        : `${shorten(id, 80)} belongs to ${master}: it goes there`,
    );
  });
}

/** The registered name behind a name or alias. Throws WrongInput listing the known ones. */
export async function knownMaster(bus: Bus, name: string, where: string): Promise<string> {
  const registry = await openMasters(bus);
  try {
    const master = registry.find(name);
    if (!master) throw unknown(name, registry.list(), where);
    return master.name;
  } finally {
    await registry.close();
  }
}

/** Publishes a person's answer. */
export async function sendAnswer(bus: Bus, answer: ReviewAnswer): Promise<void> {
  const subject = bus.subjects.reviewsAnswered;
  await withMessagingSpan(
    {
      operation: 'send',
      template: subject,
      attributes: {
        ...(answer.task === undefined ? {} : { [SPAN_KEYS.taskId]: answer.task }),
        ...(answer.master === undefined ? {} : { [SPAN_KEYS.master]: answer.master }),
      },
    },
    () => publish(bus, subject, answer, { type: EVENT_TYPES.reviewAnswered }),
  );
}
