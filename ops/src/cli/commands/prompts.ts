// `cortex prompts list/show/add/diff/assign`: versioned prompts, which of them serve, and how the versions do against each other.
import { readFileSync } from 'node:fs';
import { type Bus, openPrompts, PromptMoved, type PromptRegistry, publishAction, UnknownPrompt } from '@cortex/bus';
import { checkTemplates, diffPrompts, type Judgement, judgementOf, PromptInvalid } from '@cortex/models';
import {
  type Action,
  checkMessage,
  InvalidMessage,
  type PromptHead,
  type PromptInput,
  parsePromptRef,
  promptNameSchema,
  promptRef,
  promptSchema,
} from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, parseShare, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, note, percent, printJson, printText, shorten, table } from '../output/index.js';
import { person, withBus } from '../session.js';

interface Flags extends BusFlags {
  json?: boolean;
}

interface AssignFlags extends Flags {
  production?: boolean;
  candidate?: boolean;
  withdraw?: boolean;
  share?: number;
  reason?: string;
}

export function addPrompts(program: Command): void {
  const prompts = program
    .command('prompts')
    .summary('versioned prompts, and which of them serve')
    .description(
      'Prompts of the LLM workers: named, versioned, by type of task. One version serves; a candidate gets a share of the tasks\nand takes over by itself once it is proven better, or is taken back once it is proven worse.',
    );
  withExample(prompts, 'prompts list', 'prompts add fix-bug.json', 'prompts assign fix-bug@4 --candidate --share 0.2');
  const list = prompts
    .command('list')
    .description('Every prompt: what serves, what is on trial, how they do.')
    .action(listPrompts);
  const show = prompts
    .command('show')
    .description('One version whole.')
    .argument('<prompt>', 'name, or name@version (default: what serves)')
    .action(showPrompt);
  const add = prompts
    .command('add')
    .description('Adds a version. The first of a name serves at once, a later one after "prompts assign".')
    .argument(
      '<file>',
      'a JSON document: name, system, user, changelog, and optionally task_types, variables, rules, examples, reasoning; "-" is standard input',
    )
    .action(addPrompt);
  const diff = prompts
    .command('diff')
    .description('What differs between two versions.')
    .argument('<a>', 'name@version')
    .argument('<b>', 'name@version')
    .action(diffVersions);
  const assign = prompts
    .command('assign')
    .description('Says which version serves, or puts one on trial with a share of the tasks.')
    .argument('<prompt>', 'name@version; with --withdraw the name alone')
    .option('--production', 'it serves from the next task on')
    .option('--candidate', 'it goes on trial')
    .option('--share <share>', 'with --candidate: share of the tasks, 0 to 1 (default: 0.1)', parseShare)
    .option('--withdraw', 'ends the trial that runs')
    .option('--reason <text>', 'why, for the audit trail')
    .action(assignPrompt);
  withExample(list, 'prompts list');
  withExample(show, 'prompts show fix-bug@1');
  withExample(add, 'prompts add fix-bug.json');
  withExample(diff, 'prompts diff fix-bug@1 fix-bug@2');
  withExample(assign, 'prompts assign fix-bug@2 --candidate --share 0.2', 'prompts assign fix-bug@2 --production');
  for (const command of [list, show, add, diff, assign]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

async function withPrompts<T>(flags: BusFlags, work: (prompts: PromptRegistry, bus: Bus) => Promise<T>): Promise<T> {
  return withBus(flags, async (bus) => {
    try {
      return await work(await openPrompts(bus), bus);
    } catch (error) {
      if (error instanceof UnknownPrompt) throw new WrongInput('PROMPT', error.message);
      if (error instanceof PromptMoved) throw new Failed(error.message);
      throw error;
    }
  });
}

interface Row extends PromptHead {
  trial?: Judgement;
}

async function listPrompts(flags: Flags): Promise<void> {
  await withPrompts(flags, async (prompts) => {
    const rows: Row[] = [];
    for (const head of await prompts.list()) {
      const stored = await prompts.trial(head.name);
      const judged = stored && judgementOf(head, stored.trial);
      rows.push({ ...head, ...(judged ? { trial: judged } : {}) });
    }
    if (flags.json) return printJson(rows);
    if (rows.length === 0) return note('cortex: there are no prompts yet; the first LLM worker brings those of Cortex');
    printText(
      table(
        ['PROMPT', 'SERVES', 'ON TRIAL', 'FOR', 'LAST CHANGE'],
        rows.map((row) => [
          row.name,
          row.production === undefined ? '-' : `@${row.production}`,
          row.candidate ? `@${row.candidate.version} (${percent(row.candidate.share)})` : '-',
          row.task_types.join(', ') || 'everything else',
          lastChange(row),
        ]),
      ),
    );
    for (const { name, trial } of rows)
      if (trial)
        printText(
          `\n${name}: ${trial.why}\n  evidence: better ${trial.better.toFixed(2)}, worse ${trial.worse.toFixed(2)}, decided at ${trial.needed.toFixed(2)}`,
        );
  });
}

function lastChange(head: PromptHead): string {
  const last = head.history.at(-1);
  return last ? `@${last.version} ${last.event} by ${last.by}, ${age(last.at)}` : '';
}

async function showPrompt(ref: string, flags: Flags): Promise<void> {
  await withPrompts(flags, async (prompts) => {
    const { name, version } = splitRef(ref);
    const head = await prompts.head(name);
    const prompt = await prompts.version(name, version ?? head?.production ?? head?.latest ?? 1);
    if (flags.json) return printJson(prompt);
    printText(
      [
        `${promptRef(prompt)}  by ${prompt.by}, ${age(prompt.at)}: ${shorten(prompt.changelog, 200)}`,
        `for: ${prompt.task_types.join(', ') || 'everything else'}; reasoning: ${prompt.reasoning}`,
        ...Object.entries(prompt.variables).map(
          ([key, v]) => `variable ${key}: ${v.type}${v.required ? ', required' : ''}`,
        ),
        '',
        '--- system',
        prompt.system,
        '--- user',
        prompt.user,
        ...prompt.rules.map((rule) => `--- rule: ${rule}`),
        ...prompt.examples.map(
          (example) => `--- example: ${shorten(example.task, 120)}\n    ${shorten(example.answer, 120)}`,
        ),
      ].join('\n'),
    );
  });
}

async function addPrompt(file: string, flags: Flags): Promise<void> {
  const input = readPrompt(file);
  await withPrompts(flags, async (prompts) => {
    const before = await prompts.head(input.name);
    const added = await prompts.add(input, person());
    if (flags.json) return printJson(added);
    if (before && added.version <= before.latest)
      return printText(`${promptRef(added)} is that prompt already: nothing was added`);
    printText(
      before
        ? `${promptRef(added)} added; "cortex prompts assign ${promptRef(added)} --candidate --share 0.1" puts it on trial`
        : `${promptRef(added)} added, and serves`,
    );
  });
}

/** Throws {@link WrongInput} naming file and field. */
function readPrompt(file: string): PromptInput {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new WrongInput(file, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'failed'})`);
  }
  try {
    const prompt = checkMessage('prompt', promptSchema, JSON.parse(text));
    checkTemplates(prompt);
    return prompt;
  } catch (error) {
    if (error instanceof InvalidMessage) throw new WrongInput(file, `${error.field}: ${error.problem}`);
    if (error instanceof PromptInvalid) throw new WrongInput(file, `${error.field}: ${error.problem}`);
    if (error instanceof SyntaxError) throw new WrongInput(file, `is not valid JSON (${error.message})`);
    throw error;
  }
}

async function diffVersions(a: string, b: string, flags: Flags): Promise<void> {
  await withPrompts(flags, async (prompts) => {
    const [first, second] = [await exact(prompts, a, 'A'), await exact(prompts, b, 'B')];
    const lines = diffPrompts(first, second);
    if (flags.json) return printJson({ a: promptRef(first), b: promptRef(second), changelog: second.changelog, lines });
    printText(
      lines.length === 0 ? 'no difference' : [`${promptRef(second)}: ${second.changelog}`, ...lines].join('\n'),
    );
  });
}

async function assignPrompt(ref: string, flags: AssignFlags): Promise<void> {
  const wishes = [flags.production, flags.candidate, flags.withdraw].filter(Boolean).length;
  if (wishes !== 1) throw new WrongInput('assign', 'give one of --production, --candidate, --withdraw');
  if (flags.share !== undefined && !flags.candidate) throw new WrongInput('--share', 'goes with --candidate');
  await withPrompts(flags, async (prompts, bus) => {
    const { name, version } = splitRef(ref);
    if (version === undefined && !flags.withdraw) throw new WrongInput('PROMPT', `name the version, such as ${name}@2`);
    const before = await prompts.head(name);
    const by = person();
    const said = { by, ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
    const head = flags.withdraw
      ? await prompts.assign(name, { ...said, label: 'none' })
      : flags.production
        ? await prompts.assign(name, { ...said, label: 'production', version: version ?? 1 })
        : await prompts.assign(name, { ...said, label: 'candidate', version: version ?? 1, share: flags.share ?? 0.1 });
    const labels = (one: PromptHead | undefined) => ({ production: one?.production, candidate: one?.candidate });
    await audit(bus, {
      kind: 'assign-prompt',
      target: ref,
      by,
      before: labels(before),
      after: labels(head),
      ...(flags.reason ? { reason: flags.reason } : {}),
    });
    if (flags.json) return printJson(head);
    const trial = head.candidate
      ? `, @${head.candidate.version} is on trial with ${percent(head.candidate.share)} of the tasks`
      : '';
    printText(`${name}@${head.production ?? '-'} serves${trial}`);
  });
}

async function audit(bus: Bus, said: Omit<Action, 'id' | 'at'>): Promise<void> {
  const at = new Date().toISOString();
  const action: Action = {
    ...said,
    kind: String(said.kind),
    by: String(said.by),
    at,
    id: `${String(said.kind)}-${String(said.target)}-${at}`,
    state: 'done',
  };
  await publishAction(bus, action);
}

function splitRef(ref: string): { name: string; version?: number } {
  const exactRef = parsePromptRef(ref);
  if (exactRef) return exactRef;
  if (!promptNameSchema.safeParse(ref).success)
    throw new WrongInput('PROMPT', `"${shorten(ref, 80)}" is no prompt such as fix-bug or fix-bug@2`);
  return { name: ref };
}

async function exact(prompts: PromptRegistry, ref: string, where: string) {
  const parsed = parsePromptRef(ref);
  if (!parsed) throw new WrongInput(where, `"${shorten(ref, 80)}" is no version such as fix-bug@2`);
  return prompts.version(parsed.name, parsed.version);
}
