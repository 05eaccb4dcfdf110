// `cortex task ID`: the life of one task, step by step.
import { type Bus, taskLog } from '@cortex/bus';
import { canonicalMaster, type LogRecord } from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import {
  clock,
  colours,
  duration,
  masterOf,
  moment,
  paintStep,
  printJson,
  printText,
  shorten,
  stepWords,
  table,
} from '../output/index.js';
import { lookAtBus, requireStream } from '../session.js';
import { taskId } from '../task-id.js';

interface Flags extends BusFlags {
  json?: boolean;
}

export function addTask(program: Command): void {
  const command = program
    .command('task')
    .summary('the life of one task')
    .description('Shows every step of a task that the log keeps: when, what, which master, who did it.')
    .argument('<id>', 'id of the task');
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'task t-1');
  command.action(task);
}

async function task(given: string, flags: Flags): Promise<void> {
  const id = taskId(given);
  await lookAtBus(flags, async (bus) => {
    const records = await lifeOf(bus, id);
    if (flags.json) return printJson({ task: id, state: stateOf(records), records });
    printText(life(id, records));
  });
}

/** All kept records of a task. Throws {@link Failed} when there is none. */
export async function lifeOf(bus: Bus, id: string): Promise<LogRecord[]> {
  await requireStream(bus, 'LOG');
  const records = (await taskLog(bus).history(id)).map(({ record }) => record);
  if (records.length === 0)
    throw new Failed(
      `no task "${shorten(id, 80)}" is in the log: check the id; if it was refused, "cortex dead list" tells why`,
    );
  return records;
}

/** Where it stands: the end it came to, else its last step; a correction or escalation does not undo a decision. */
export function stateOf(records: readonly LogRecord[]): string {
  const last = records.at(-1);
  return last?.settled_as ?? last?.step ?? 'unknown';
}

function life(id: string, records: readonly LogRecord[]): string {
  const c = colours();
  const [first] = records;
  const last = records.at(-1);
  if (!first || !last) return '';
  const text = records.find((r) => r.task.text !== undefined)?.task.text;
  const rows = records.map((record) => [
    clock(record.at),
    paintStep(record.step, c, record),
    canonicalMaster(masterOf(record) || ' '),
    record.by,
    stepWords(record),
  ]);
  const length = Date.parse(last.at) - Date.parse(first.at);
  return [
    `${c.bold(shorten(id, 120))}  ${stateOf(records)}, ${first.task.priority} priority, since ${moment(first.at)}`,
    ...(text === undefined ? [] : [c.dim(`  ${shorten(text, 200)}`)]),
    '',
    table(['time', 'step', 'master', 'by', 'what'], rows),
    ...(records.length > 1 ? ['', c.dim(`${duration(length)} from first to last step`)] : []),
  ].join('\n');
}
