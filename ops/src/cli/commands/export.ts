// `cortex export`: what the log holds, as files for other tools.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { routingEventOf } from '../../export/routing-event.js';
import { readTasks } from '../../train/read-log.js';
import { type BusFlags, withBusOptions, withExample } from '../options.js';
import { note, plural, progressBar } from '../output/index.js';
import { lookAtBus } from '../session.js';

interface Flags extends BusFlags {
  format: 'events' | 'routing' | 'outcomes';
  out?: string;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .summary('routing events and training rows out')
    .description(
      'Writes what the log holds as JSON lines: "events" is the routing-event form of older installations (coordination/routing/performance.jsonl), "routing" and "outcomes" are the rows that "cortex evaluate" and "cortex train" take.',
    )
    .addOption(
      new Option('--format <form>', 'what to write').choices(['events', 'routing', 'outcomes']).default('events'),
    )
    .option('--out <file>', 'write here (default: standard output)')
    .action(exportLog);
  withBusOptions(command);
  withExample(command, 'export --format events --out performance.jsonl', 'export --format routing > rows.jsonl');
}

async function exportLog(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const show = progressBar();
    const { tasks, unreadable } = await readTasks(bus, (n, of) =>
      show('reading the log', n / of, { n, unit: 'records' }),
    );
    const rows = await rowsFor(flags.format, [...tasks.values()]);
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    if (flags.out === undefined) await writeOut(lines);
    else await pipeline(lines, createWriteStream(flags.out));
    const left = tasks.size - rows.length;
    note(
      `cortex: ${plural(rows.length, 'row')} of ${plural(tasks.size, 'task')}${flags.out === undefined ? '' : ` in ${flags.out}`}` +
        `${left > 0 && flags.format === 'events' ? `; ${left} not decided yet` : ''}${unreadable > 0 ? `; ${plural(unreadable, 'record')} could not be read` : ''}`,
    );
  });
}

async function rowsFor(format: Flags['format'], tasks: Parameters<typeof routingEventOf>[0][]): Promise<object[]> {
  if (format === 'events') return tasks.map(routingEventOf).filter((event) => event !== undefined);
  const { labelsOf } = await import('@cortex/models');
  const { routing, outcomes } = labelsOf(tasks.flat());
  if (format === 'routing') return routing.map(({ text, label }) => ({ text, label }));
  return outcomes.map(({ features, text, master, success, minutes, tokens, at }) => ({
    ...features,
    text,
    master,
    ...{ success, minutes, tokens },
    at: new Date(at).toISOString(),
  }));
}

async function writeOut(lines: readonly string[]): Promise<void> {
  for (const line of lines)
    if (!process.stdout.write(line)) await new Promise((go) => process.stdout.once('drain', go));
}
