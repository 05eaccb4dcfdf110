// `cortex models …`: what is published, which version serves, and the hand on the switch.
import {
  type AliasEdit,
  type Aliases,
  type AliasName,
  BadAlias,
  FamilyFrozen,
  type ModelRegistry,
  ModelTampered,
  type ModelVersion,
  NothingToRollBack,
  parseName,
  previousChampion,
  RevisionConflict,
  UnknownModel,
} from '@cortex/bus';
import { type Command, Option } from 'commander';
import { compareVersions } from '../../train/compare.js';
import { openRegistry } from '../../train/registry.js';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, parseShare, withBusOptions, withExample, withJsonOption } from '../options.js';
import { auditInWords } from '../output/audit.js';
import { age, colours, note, percent, plural, printJson, printText, shorten, table } from '../output/index.js';
import { person, withBus } from '../session.js';

interface Flags extends BusFlags {
  json?: boolean;
}
interface ChangeFlags extends Flags {
  reason?: string;
}
interface PromoteFlags extends ChangeFlags {
  as: AliasName;
  share?: number;
}

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .summary('versions of models, and which of them serves')
    .description(
      'Every training publishes a signed version. The champion serves; a challenger gets a share of the tasks; a shadow only watches. Running actors follow within a second.',
    );
  withExample(models, 'models list', 'models promote router@7', 'models rollback router');
  const add = (name: string, description: string, action: Parameters<Command['action']>[0], ...examples: string[]) => {
    const command = models.command(name).description(description).action(action);
    withBusOptions(command);
    withJsonOption(command);
    return withExample(command, ...examples);
  };
  add('list', 'All versions, and what each is used for.', list, 'models list', 'models list router --json').argument(
    '[family]',
    'router, predictor, …',
  );
  add(
    'show',
    'One version: its figures, data, files and signature; or a family: its aliases and their history.',
    show,
    'models show router@7',
    'models show router',
  ).argument('<name>', 'such as router@7, or router');
  add('diff', 'What differs between two versions.', diff, 'models diff router@6 router@7')
    .argument('<a>')
    .argument('<b>');
  add(
    'promote',
    'Gives a version more say. What was in its place goes to the archive.',
    promote,
    'models promote router@7',
    'models promote router@8 --as challenger --share 0.05 --reason "new data"',
  )
    .argument('<name>', 'such as router@7')
    .addOption(
      new Option('--as <alias>', 'what it becomes').choices(['champion', 'challenger', 'shadow']).default('champion'),
    )
    .option('--share <share>', 'share of tasks a challenger decides, 0 to 1 (default: 0.05)', parseShare)
    .option('--reason <text>', 'why, for the history');
  add(
    'rollback',
    'Brings the champion before this one back and ends a trial; works while frozen.',
    rollback,
    'models rollback router --reason "wrong since noon"',
  )
    .argument('<family>')
    .option('--reason <text>', 'why, for the history');
  add(
    'freeze',
    'No version of the family gets more say until it is unfrozen.',
    (family: string, flags: ChangeFlags) => freeze(family, true, flags),
    'models freeze router',
  )
    .argument('<family>')
    .option('--reason <text>', 'why, for the history');
  add(
    'unfreeze',
    'Lets versions of the family be promoted again.',
    (family: string, flags: ChangeFlags) => freeze(family, false, flags),
    'models unfreeze router',
  )
    .argument('<family>')
    .option('--reason <text>', 'why, for the history');
}

/** What the version is used for, in words. */
export function usesOf(name: string, aliases: Aliases | undefined): string[] {
  if (!aliases) return [];
  return (['champion', 'challenger', 'shadow'] as const).filter((alias) => aliases[alias] === name);
}

async function list(family: string | undefined, flags: Flags): Promise<void> {
  await withRegistry(flags, async (registry) => {
    const versions = await registry.list(family);
    const families = [...new Set(versions.map((version) => version.family))];
    const aliases = new Map(await Promise.all(families.map(async (f) => [f, await registry.aliases(f)] as const)));
    const used = versions.map((version) => ({ version, uses: usesOf(version.name, aliases.get(version.family)) }));
    if (flags.json)
      return printJson(
        used.map(({ version: { files, ...version }, uses }) => ({
          ...version,
          aliases: uses,
          share: uses.includes('challenger') ? (aliases.get(version.family)?.share ?? 0) : null,
          bytes: bytesOf({ files }),
        })),
      );
    if (versions.length === 0)
      return note(
        `cortex: no model${family === undefined ? '' : ` of ${family}`} is published yet: "cortex train" does`,
      );
    printText(
      table(
        ['MODEL', 'USED AS', 'ROWS', 'TRAINED', 'BY', 'FIGURES'],
        used.map(({ version, uses }) => [
          version.name,
          uses.map((use) => paintUse(use, aliases.get(version.family))).join(', ') || colours().dim('archive'),
          version.data ? version.data.rows.toLocaleString('en-US') : '',
          age(version.created_at),
          shorten(version.by, 24),
          figuresOf(version, 3),
        ]),
      ),
    );
  });
}

async function show(name: string, flags: Flags): Promise<void> {
  await withRegistry(flags, async (registry) => {
    if (parseName(name) === undefined) return showFamily(registry, name, flags);
    const version = await mustShow(registry, name);
    const uses = usesOf(name, await registry.aliases(version.family));
    if (flags.json) return printJson({ ...version, aliases: uses });
    const c = colours();
    const facts = Object.entries({
      'used as': uses.join(', ') || 'archive',
      trained: `${version.created_at} by ${version.by}`,
      data: version.data && `${plural(version.data.rows, 'row')}, fingerprint ${version.data.fingerprint.slice(0, 16)}`,
      seed: version.seed,
      code: version.code,
      hardware: version.hardware,
      parent: version.parent,
      digest: version.digest,
      'signed by key': version.key_id,
    }).flatMap(([what, value]) => (value === undefined ? [] : [`  ${what}: ${value}`]));
    const files = version.files.map(
      ({ path, bytes }) => `  ${path}  ${c.dim(`${bytes.toLocaleString('en-US')} bytes`)}`,
    );
    const metrics = Object.entries(version.metrics).map(([what, value]) => `  ${what}: ${value ?? 'unknown'}`);
    const audit = auditInWords(version.audit);
    printText(
      [
        c.bold(name),
        ...facts,
        ...(audit.length > 0 ? ['audit:', ...audit.map((line) => `  ${line}`)] : []),
        ...['figures:', ...metrics, 'files:', ...files],
      ].join('\n'),
    );
  });
}

async function showFamily(registry: ModelRegistry, family: string, flags: Flags): Promise<void> {
  const aliases = await registry.aliases(family);
  if (aliases.revision === 0 && (await registry.list(family)).length === 0)
    throw new UnknownModel(family, await registry.families());
  if (flags.json) return printJson(aliases);
  const c = colours();
  printText(
    [
      `${c.bold(family)}${aliases.frozen ? c.yellow('  frozen') : ''}`,
      ...(['champion', 'challenger', 'shadow'] as const).map(
        (alias) =>
          `  ${alias}: ${aliases[alias] ?? 'none'}${alias === 'challenger' && aliases.challenger ? `, ${percent(aliases.share)} of the tasks` : ''}`,
      ),
      `  back to: ${previousChampion(aliases) ?? 'none'}`,
      'history, newest first:',
      ...aliases.history
        .toReversed()
        .slice(0, 20)
        .map(
          ({ at, event, by, reason, after }) =>
            `  ${age(at)}: ${event} ${after.challenger ?? after.champion ?? ''} by ${by}: ${shorten(reason, 120)}`,
        ),
    ].join('\n'),
  );
}

async function diff(a: string, b: string, flags: Flags): Promise<void> {
  await withRegistry(flags, async (registry) => {
    const found = compareVersions(await mustShow(registry, a), await mustShow(registry, b));
    if (flags.json) return printJson(found);
    const number = (value: number | null) => (value === null ? '' : value.toPrecision(5));
    const rows = Object.entries(found.metrics).map(([name, m]) => [
      name,
      number(m.a),
      number(m.b),
      m.difference === null ? '' : `${m.difference > 0 ? '+' : ''}${number(m.difference)}`,
    ]);
    const facts = Object.entries(found.facts).map(
      ([name, { a: left, b: right }]) => `${name}: ${words(left)} → ${words(right)}`,
    );
    const { same, changed, only_a, only_b } = found.files;
    printText(
      [
        ...(rows.length > 0 ? [table(['FIGURE', a, b, 'DIFFERENCE'], rows)] : []),
        ...facts,
        `files: ${same.length} the same, ${changed.length} changed, ${only_a.length} only in ${a}, ${only_b.length} only in ${b}`,
      ].join('\n'),
    );
  });
}

async function promote(name: string, flags: PromoteFlags): Promise<void> {
  if (flags.share !== undefined && flags.as !== 'challenger')
    throw new WrongInput('--share', 'is for a challenger: give --as challenger too');
  const family = parseName(name)?.family;
  if (family === undefined) throw new WrongInput('NAME', `"${shorten(name, 80)}" is no version, such as router@7`);
  const edit: AliasEdit = { [flags.as]: name, ...(flags.as === 'challenger' ? { share: flags.share ?? 0.05 } : {}) };
  await change(flags, async (registry) => {
    await mustShow(registry, name);
    return registry.setAliases(family, edit, { by: person(), reason: flags.reason ?? 'by hand' });
  });
}

async function rollback(family: string, flags: ChangeFlags): Promise<void> {
  await change(flags, (registry) => registry.rollback(family, { by: person(), reason: flags.reason ?? 'by hand' }));
}

async function freeze(family: string, frozen: boolean, flags: ChangeFlags): Promise<void> {
  await change(flags, (registry) =>
    registry.setAliases(family, { frozen }, { by: person(), reason: flags.reason ?? 'by hand' }),
  );
}

async function change(flags: Flags, work: (registry: ModelRegistry) => Promise<Aliases>): Promise<void> {
  await withRegistry(flags, async (registry) => {
    const aliases = await work(registry);
    if (flags.json) return printJson(aliases);
    const { family, champion, challenger, shadow, share, frozen } = aliases;
    const parts = [
      champion ? `${champion} serves` : 'no version serves',
      ...(challenger ? [`${challenger} decides ${percent(share)} of the tasks`] : []),
      ...(shadow ? [`${shadow} watches`] : []),
      ...(frozen ? ['frozen'] : []),
    ];
    printText(`${family}: ${parts.join(', ')}`);
  });
}

async function withRegistry(flags: Flags, work: (registry: ModelRegistry) => Promise<void>): Promise<void> {
  await withBus(flags, async (bus) => {
    try {
      await work(await openRegistry(bus));
    } catch (error) {
      if (error instanceof UnknownModel || error instanceof BadAlias) throw new WrongInput('NAME', error.message);
      if (error instanceof RevisionConflict)
        throw new Failed(
          'somebody else changed the aliases at the same moment: look at "cortex models list", and try again',
        );
      if (error instanceof FamilyFrozen || error instanceof NothingToRollBack || error instanceof ModelTampered)
        throw new Failed(error.message);
      throw error;
    }
  });
}

async function mustShow(registry: ModelRegistry, name: string): Promise<ModelVersion> {
  const version = await registry.show(name);
  if (version) return version;
  throw new UnknownModel(
    name,
    (await registry.list(parseName(name)?.family)).map((known) => known.name),
  );
}

function paintUse(use: string, aliases: Aliases | undefined): string {
  const c = colours();
  if (use === 'champion') return c.green(use);
  return use === 'challenger' ? c.yellow(`${use} ${percent(aliases?.share ?? 0)}`) : use;
}

function figuresOf({ metrics }: ModelVersion, most: number): string {
  return Object.entries(metrics)
    .filter(([, value]) => value !== null)
    .slice(0, most)
    .map(([name, value]) => `${name} ${Number(value).toPrecision(3)}`)
    .join(', ');
}

function bytesOf({ files }: Pick<ModelVersion, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
