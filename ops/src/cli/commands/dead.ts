// `cortex dead list/show/retry/drop`: what could not be processed, why, and what to do with it.
import type { Command } from 'commander';
import { dropLetter, findLetter, type KeptLetter, readLetters, retryLetter } from '../dead-letters.js';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, countBar, moment, note, plural, printJson, printText, shorten, table } from '../output/index.js';
import { lookAtBus, withBus } from '../session.js';

interface Flags extends BusFlags {
  stream?: string;
  limit: number;
  all?: boolean;
  json?: boolean;
}

export function addDead(program: Command): void {
  const dead = program
    .command('dead')
    .summary('the dead letters')
    .description('What could not be processed is kept here, whole, with the reason. Nothing waits behind it.');
  withExample(dead, 'dead list', 'dead retry TASKS-17');
  const list = dead
    .command('list')
    .description('Dead letters, newest first.')
    .option('--stream <name>', 'only from this stream, such as TASKS')
    .option('--limit <n>', 'at most so many', parseCount, 50)
    .action(listLetters);
  const show = dead.command('show').description('One letter, whole.').argument('<id>').action(showLetter);
  const retry = dead
    .command('retry')
    .description('Puts letters back to where they came from; those of the log are decided anew.')
    .argument('[id...]', 'ids of letters')
    .option('--all', 'all of them')
    .option('--stream <name>', 'with --all: only from this stream')
    .action((ids: string[], flags: Flags) => change(ids, flags, 'retried'));
  const drop = dead
    .command('drop')
    .description('Removes letters for ever.')
    .argument('[id...]', 'ids of letters')
    .option('--all', 'all of them')
    .option('--stream <name>', 'with --all: only from this stream')
    .action((ids: string[], flags: Flags) => change(ids, flags, 'dropped'));
  withExample(list, 'dead list --stream TASKS');
  withExample(show, 'dead show TASKS-17');
  withExample(retry, 'dead retry TASKS-17', 'dead retry --all --stream TASKS');
  withExample(drop, 'dead drop TASKS-17');
  for (const command of [list, show, retry, drop]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

async function listLetters(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const kept: KeptLetter[] = [];
    let all = 0;
    for await (const letter of readLetters(bus, flags.stream)) {
      all++;
      kept.push(letter);
      if (kept.length > flags.limit) kept.shift();
    }
    kept.reverse();
    if (flags.json) return printJson(kept.map(({ letter: { payload: _p, headers: _h, ...rest } }) => rest));
    if (all === 0) return note('cortex: there are no dead letters');
    const c = colours();
    const rows = kept.map(({ letter }) => [
      c.bold(letter.id),
      age(letter.at),
      letter.subject,
      String(letter.attempts),
      shorten(letter.reason, 100),
    ]);
    printText(table(['id', 'when', 'subject', 'tries', 'why'], rows));
    if (all > kept.length)
      note(`cortex: ${plural(all, 'letter')} in all, the newest ${kept.length} shown (--limit shows more)`);
  });
}

async function showLetter(id: string, flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const { letter } = await findLetter(bus, id);
    const bytes = Buffer.from(letter.payload, 'base64');
    const text = bytes.toString('utf8');
    const readable = !text.includes('\uFFFD');
    if (flags.json) return printJson({ ...letter, ...(readable ? { payload_text: text } : {}) });
    const c = colours();
    const row = (label: string, value: string) => `  ${c.dim(label.padEnd(9))} ${value}`;
    printText(
      [
        c.bold(letter.id),
        row('why', letter.reason),
        row('subject', `${letter.subject} (${letter.stream}, number ${letter.sequence})`),
        row('when', `${moment(letter.at)}, after ${plural(letter.attempts, 'try', 'tries')}`),
        row('by', letter.by),
        ...(letter.trace_id ? [row('trace', letter.trace_id)] : []),
        ...Object.entries(letter.headers).map(([key, values]) =>
          row('header', `${key}: ${shorten(values.join(', '), 200)}`),
        ),
        row('payload', `${plural(bytes.length, 'byte')}${letter.truncated ? ', cut: the original was larger' : ''}`),
        readable ? shorten(text, 4_000) : `${bytes.toString('hex').slice(0, 400)}${bytes.length > 200 ? '…' : ''}`,
      ].join('\n'),
    );
  });
}

async function change(ids: string[], flags: Flags, what: 'retried' | 'dropped'): Promise<void> {
  if (ids.length === 0 && !flags.all) throw new WrongInput('ID', 'is missing: name letters, or give --all');
  if (ids.length > 0 && flags.all) throw new WrongInput('ID', 'and --all: give one of them');
  await withBus(flags, async (bus) => {
    const letters: KeptLetter[] = [];
    if (flags.all) for await (const kept of readLetters(bus, flags.stream)) letters.push(kept);
    else for (const id of ids) letters.push(await findLetter(bus, id));
    const done: { id: string; result: string }[] = [];
    const failed: string[] = [];
    const bar = countBar(what === 'dropped' ? 'dropping' : 'putting back', letters.length, 'letters');
    for (const [n, kept] of letters.entries()) {
      bar(n + 1);
      try {
        if (what === 'dropped') await dropLetter(bus, kept.sequence);
        const result = what === 'dropped' ? 'dropped' : await retryLetter(bus, kept);
        done.push({ id: kept.letter.id, result });
        if (!flags.json && letters.length <= 20)
          printText(what === 'dropped' ? `${kept.letter.id} dropped` : `${kept.letter.id}: ${result}`);
      } catch (error) {
        if (!(error instanceof Failed) || !flags.all) throw error;
        failed.push(error.message);
      }
    }
    if (flags.json) printJson({ [what]: done, failed });
    else if (letters.length === 0) note('cortex: there are no dead letters');
    else if (letters.length > 20) printText(`${plural(done.length, 'letter')} ${what}`);
    const [first] = failed;
    if (first)
      throw new Failed(
        failed.length === 1 ? first : `${plural(failed.length, 'letter')} could not be put back; the first: ${first}`,
      );
  });
}
