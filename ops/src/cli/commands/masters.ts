// `cortex masters …`: the registry, live; every change holds at once, everywhere, without a restart.
import { provisionMaster } from '@cortex/bus';
import { canonicalMaster, type Master, type MasterInput } from '@cortex/schemas';
import type { Command } from 'commander';
import { WrongInput } from '../failures.js';
import { checkMaster, masterFile, merged, textLines } from '../masters-input.js';
import { type BusFlags, collect, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, note, plural, printJson, printText, shorten, table } from '../output/index.js';
import { withMasters } from '../session.js';

interface Flags extends BusFlags {
  json?: boolean;
}

interface AddFlags extends Flags {
  description?: string;
  example?: string[];
  examplesFile?: string;
  keyword?: string[];
  pattern?: string[];
  alias?: string[];
  capability?: string[];
  file?: string;
  replace?: boolean;
}

export function addMasters(program: Command): void {
  const masters = program
    .command('masters')
    .summary('the registry of masters, live')
    .description('Masters own kinds of work. Changes hold at once; nothing is restarted.');
  withExample(
    masters,
    'masters list',
    'masters add legal --description "Contracts and licences" --example "Review the NDA of Acme"',
  );

  const list = masters.command('list').description('All masters.').action(listMasters);
  const show = masters
    .command('show')
    .description('One master, with its examples and words.')
    .argument('<name>')
    .action(showMaster);
  const add = masters
    .command('add')
    .description('Adds a master, or adds to one that exists: examples and words are added, a description is replaced.')
    .argument('[name]', 'name of the master; x and x-master are the same')
    .option('--description <text>', 'what kind of work it owns, in words; the router reads it')
    .option('--example <text>', 'a task it should get; may be repeated', collect)
    .option('--examples-file <file>', 'such tasks, one a line (or JSON lines with "text")')
    .option('--keyword <word>', 'a word that points to it; may be repeated', collect)
    .option('--pattern <regex>', 'a regular expression that points to it; may be repeated', collect)
    .option('--alias <name>', 'a further name; may be repeated', collect)
    .option('--capability <word>', 'something it can do; may be repeated', collect)
    .option('--replace', 'replace a master that exists instead of adding to it')
    .option('--file <file>', 'many masters: a JSON array, or JSON lines; each replaces the one of its name')
    .action(addMaster);
  withExample(
    add,
    'masters add legal --description "Contracts and licences" --example "Review the NDA of Acme" --keyword GDPR',
    'masters add --file masters.json',
  );
  const remove = masters
    .command('remove')
    .description('Removes a master. Tasks it has already stay with it.')
    .argument('<name>')
    .action(removeMaster);
  const pause = masters
    .command('pause')
    .description('A paused master gets no new tasks; what it has, it keeps.')
    .argument('<name>')
    .action((name: string, flags: Flags) => setStatus(name, 'paused', flags));
  const resume = masters
    .command('resume')
    .description('Lets a paused master get tasks again.')
    .argument('<name>')
    .action((name: string, flags: Flags) => setStatus(name, 'active', flags));
  for (const [command, example] of [
    [list, 'masters list --json'],
    [show, 'masters show security'],
    [remove, 'masters remove legal'],
    [pause, 'masters pause security'],
    [resume, 'masters resume security'],
  ] as const) {
    withExample(command, example);
  }
  for (const command of [list, show, add, remove, pause, resume]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

async function listMasters(flags: Flags): Promise<void> {
  await withMasters(flags, async (registry) => {
    const all = registry.list();
    if (flags.json) return printJson(all);
    if (all.length === 0) return note('cortex: no master is registered: "cortex masters add" adds one');
    const c = colours();
    const rows = all.map((master) => [
      c.bold(master.name),
      master.status === 'paused' ? c.yellow('paused') : master.status,
      String(master.examples.length),
      String(master.keywords.length + master.patterns.length),
      master.aliases.join(', '),
      shorten(master.description, 70),
    ]);
    printText(table(['master', 'status', 'examples', 'words', 'aliases', 'what it owns'], rows));
  });
}

async function showMaster(name: string, flags: Flags): Promise<void> {
  await withMasters(flags, async (registry) => {
    const master = registry.find(name);
    if (!master) throw unknown(name, registry.list());
    if (flags.json) return printJson(master);
    const c = colours();
    const list = (label: string, items: readonly string[]) =>
      items.length === 0 ? [] : ['', c.dim(label), ...items.map((item) => `  ${shorten(item, 200)}`)];
    printText(
      [
        `${c.bold(master.name)}  ${master.status}${master.updated_at ? c.dim(`, changed ${age(master.updated_at)}`) : ''}`,
        master.description,
        ...list('aliases', master.aliases),
        ...list('keywords', master.keywords),
        ...list('patterns', master.patterns),
        ...list(plural(master.examples.length, 'example'), master.examples),
      ].join('\n'),
    );
  });
}

async function addMaster(name: string | undefined, flags: AddFlags): Promise<void> {
  const wanted = await wantedMasters(name, flags);
  await withMasters(flags, async (registry, bus) => {
    const done: { master: Master; added: boolean }[] = [];
    for (const input of wanted) {
      const existing = registry.find(input.name);
      const keep = existing && flags.file === undefined && !flags.replace;
      // A master can be chosen once its work consumers exist. Who may not make them leaves that to a coordinator.
      await provisionMaster(bus, canonicalMaster(existing?.name ?? input.name)).catch(() => undefined);
      done.push({ master: await registry.put(keep ? merged(existing, input) : input), added: existing === undefined });
    }
    if (flags.json) return flags.file === undefined ? printJson(done[0]?.master) : printJson(done.map((d) => d.master));
    for (const { master, added } of done) {
      printText(
        `${master.name} ${added ? 'added' : 'changed'}: ${plural(master.examples.length, 'example')}, ${plural(master.keywords.length + master.patterns.length, 'word')}`,
      );
      if (master.description === '' && master.examples.length === 0 && master.keywords.length === 0)
        note(
          `cortex: ${master.name} has neither description, examples nor keywords: only tasks pinned to it will reach it`,
        );
    }
  });
}

async function wantedMasters(name: string | undefined, flags: AddFlags): Promise<MasterInput[]> {
  const masters = await readMasters(name, flags);
  if (masters.some((master) => (master.patterns ?? []).length > 0)) {
    const { patternProblem } = await import('@cortex/models');
    for (const master of masters) {
      for (const pattern of master.patterns ?? []) {
        const problem = patternProblem(pattern);
        if (problem !== undefined)
          throw new WrongInput(
            flags.file === undefined ? '--pattern' : `${flags.file}, master ${master.name}, field patterns`,
            `"${shorten(pattern, 80)}" is not a usable regular expression: ${problem}`,
          );
      }
    }
  }
  return masters;
}

async function readMasters(name: string | undefined, flags: AddFlags): Promise<MasterInput[]> {
  if (flags.file !== undefined) {
    if (name !== undefined) throw new WrongInput('NAME', 'and --file: give one of them');
    return masterFile(flags.file);
  }
  if (name === undefined) throw new WrongInput('NAME', 'is missing: name the master, or a file of masters with --file');
  const examples = [
    ...(flags.example ?? []),
    ...(flags.examplesFile === undefined ? [] : await textLines(flags.examplesFile)),
  ];
  return [
    checkMaster('the master', {
      name,
      ...(flags.description === undefined ? {} : { description: flags.description }),
      examples,
      keywords: flags.keyword ?? [],
      patterns: flags.pattern ?? [],
      aliases: flags.alias ?? [],
      capabilities: flags.capability ?? [],
    }),
  ];
}

async function removeMaster(name: string, flags: Flags): Promise<void> {
  await withMasters(flags, async (registry) => {
    const master = registry.find(name);
    if (!master) throw unknown(name, registry.list());
    await registry.remove(master.name);
    if (flags.json) return printJson({ removed: master.name });
    printText(`${master.name} removed`);
  });
}

async function setStatus(name: string, status: 'active' | 'paused', flags: Flags): Promise<void> {
  await withMasters(flags, async (registry) => {
    const master = registry.find(name);
    if (!master) throw unknown(name, registry.list());
    const changed = await registry.change(master.name, { status });
    if (flags.json) return printJson(changed);
    printText(
      status === 'paused'
        ? `${master.name} is paused: it gets no new tasks`
        : `${master.name} is active: it gets tasks again`,
    );
  });
}

export function unknown(name: string, known: readonly Master[], where = 'NAME'): WrongInput {
  const names = known.map((master) => master.name);
  return new WrongInput(
    where,
    `there is no master "${shorten(name, 80)}"; there are ${names.slice(0, 20).join(', ') || 'none'}${names.length > 20 ? ', …' : ''}`,
  );
}
