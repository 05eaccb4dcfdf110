// `cortex submit`: publishes tasks, and waits for their decisions when asked to.
import { type Bus, openMasters, type Presence, watchPresence } from '@cortex/bus';
import { canonicalMaster, type Decision, PRIORITIES, type Priority, type TaskInput } from '@cortex/schemas';
import { type Command, Option } from 'commander';
import { Failed, Unreachable, WrongInput } from '../failures.js';
import {
  type BusFlags,
  parseDuration,
  parseLabel,
  parseMoment,
  parsePriority,
  withBusOptions,
  withExample,
  withJsonOption,
} from '../options.js';
import {
  colours,
  countBar,
  duration,
  howDecided,
  note,
  plural,
  printJson,
  printLine,
  printText,
  shorten,
} from '../output/index.js';
import { requireStream, withBus } from '../session.js';
import { type Answer, awaitDecisions } from '../submit/await-decisions.js';
import { newTaskId, type Published, publishTasks } from '../submit/publish-tasks.js';
import { checkTask, parseTasks, readInput } from '../submit/read-tasks.js';
import { unknown } from './masters.js';

interface Flags extends BusFlags {
  file?: string;
  id?: string;
  title?: string;
  priority?: Priority;
  master?: string;
  repository?: string;
  source?: string;
  label?: Record<string, string>;
  deadline?: string;
  wait?: boolean;
  timeout: number;
  json?: boolean;
}

export function addSubmit(program: Command): void {
  const command = program
    .command('submit')
    .summary('publish tasks; --wait prints the decisions')
    .description(
      'Publishes one task (the words of the command line) or many (--file, one JSON object a line), and prints their ids.\nThe same id twice is one task, for ever.',
    )
    .argument('[text...]', 'what is to be done, in words')
    .option(
      '--file <file>',
      'tasks as JSON lines; "-" reads standard input; the options below fill in what a line leaves out',
    )
    .option('--id <id>', 'id of the task (default: made up)')
    .option('--title <title>', 'a short name for people')
    .addOption(priorityOption())
    .option('--master <name>', 'pins the task to this master')
    .option('--repository <name>', 'the repository it is about, such as acme/payments')
    .option('--source <name>', 'where it comes from, such as github')
    .option('--label <key=value>', 'a free label; may be repeated', parseLabel)
    .option('--deadline <moment>', 'expires then, such as 2026-12-01T12:00:00Z, or 2h from now', parseMoment)
    .option('--wait', 'wait until it is decided, and print the decision')
    .option('--timeout <time>', 'with --wait: give up after this long', parseDuration, 60_000);
  withBusOptions(command);
  withJsonOption(command, 'print JSON: one document for one task, one object a line for --file');
  withExample(
    command,
    'submit "Scan the payments repo for CVE-2026-1234" --wait',
    'submit --file tasks.jsonl --priority low --wait --json',
  );
  command.action(submit);
}

async function submit(words: string[], flags: Flags): Promise<void> {
  const tasks = await tasksOf(words, flags);
  await withBus(flags, async (bus) => {
    await requireStream(bus, 'TASKS');
    await checkPinned(bus, tasks, flags);
    const single = flags.file === undefined;
    if (flags.wait) return submitAndWait(bus, tasks, flags, single);
    const show = countBar('publishing', tasks.length, 'tasks', true);
    let done = 0;
    await publishTasks(bus, tasks, (published) => {
      show(++done);
      tellDuplicate(published);
      const { duplicate: _, ...shown } = published;
      if (flags.json) (single ? printJson : printLine)(shown);
      else printText(published.id);
    });
    if (!single) note(`cortex: ${plural(tasks.length, 'task')} published`);
  });
}

async function tasksOf(words: string[], flags: Flags): Promise<(TaskInput & { id: string })[]> {
  const given: Partial<TaskInput> = {
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(flags.master === undefined ? {} : { master: flags.master }),
    ...(flags.repository === undefined ? {} : { repository: flags.repository }),
    ...(flags.source === undefined ? {} : { source: flags.source }),
    ...(flags.label === undefined ? {} : { labels: flags.label }),
    ...(flags.deadline === undefined ? {} : { deadline: flags.deadline }),
  };
  const named = (task: TaskInput) => ({ ...task, id: task.id ?? newTaskId() });
  if (flags.file !== undefined) {
    if (words.length > 0) throw new WrongInput('TEXT', 'and --file: give one of them');
    if (flags.id !== undefined)
      throw new WrongInput('--id', 'names one task, --file holds many: put ids into the file');
    const { name, text } = await readInput(flags.file, '--file');
    return parseTasks(name, text, given).map(named);
  }
  const text = words.join(' ');
  if (text.trim() === '')
    throw new WrongInput('TEXT', 'is missing: say what is to be done, or name a file with --file');
  return [named(checkTask('the task', { ...given, text, ...(flags.id === undefined ? {} : { id: flags.id }) }))];
}

/** A task pinned to a master nobody knows would only be refused later: say so before anything is published. */
async function checkPinned(bus: Bus, tasks: readonly TaskInput[], flags: Flags): Promise<void> {
  const pinned = new Set(tasks.flatMap((task) => (task.master === undefined ? [] : [task.master])));
  if (pinned.size === 0) return;
  const registry = await openMasters(bus);
  try {
    for (const name of pinned) {
      // The coordinator is there even when nobody registered it.
      if (registry.find(name) || canonicalMaster(name) === 'coordinator') continue;
      const where = flags.master === name ? '--master' : `${flags.file ?? 'the task'}, field master`;
      throw unknown(name, registry.list(), where);
    }
  } finally {
    await registry.close();
  }
}

async function submitAndWait(
  bus: Bus,
  tasks: readonly (TaskInput & { id: string })[],
  flags: Flags,
  single: boolean,
): Promise<void> {
  const presence = watchPresence(bus);
  const unhappy: string[] = [];
  const ids = [...new Set(tasks.map((task) => task.id))];
  const bar = countBar('decisions', ids.length, 'tasks', true);
  let answered = 0;
  const waiter = await awaitDecisions(bus, ids, (id, answer) => {
    bar(++answered);
    const trouble = show(answer, flags.json ?? false, single);
    if (trouble) unhappy.push(`${id} ${trouble}`);
  });
  const alone = setTimeout(() => {
    if (!presence.alive('coordinator'))
      note('cortex: no coordinator is running yet: the task is stored and waits for one ("cortex up" starts it)');
  }, 3_000);
  try {
    await publishTasks(bus, tasks, tellDuplicate);
    if (!single)
      note(`cortex: ${plural(tasks.length, 'task')} published, waiting for ${plural(ids.length, 'decision')}`);
    const open = await waiter.settled(flags.timeout);
    if (open.length > 0) throw undecided(open, ids.length, flags.timeout, presence);
    const [first] = unhappy;
    if (first)
      throw new Failed(
        unhappy.length === 1 ? first : `${plural(unhappy.length, 'task')} not decided; the first: ${first}`,
      );
  } finally {
    bar(ids.length);
    clearTimeout(alone);
    waiter.close();
    presence.close();
  }
}

/** Prints an answer; returns what went wrong, if anything. */
function show(answer: Answer, json: boolean, single: boolean): string | undefined {
  if (answer.kind === 'refused') return `was refused: ${answer.reason}`;
  if (answer.kind === 'ended') return `ended before it was decided (${answer.how})`;
  if (json) (single ? printJson : printLine)(answer.decision);
  else printText(decisionLine(answer.decision, single));
  return undefined;
}

function decisionLine(decision: Decision, single: boolean): string {
  const c = colours();
  const head = `${shorten(decision.task, 120)} ${c.dim('→')} ${c.bold(decision.master)}  ${howDecided(decision)}`;
  const review = decision.review
    ? `\n  ${c.yellow(`answer: cortex review answer ${quoted(decision.review)} MASTER`)}`
    : '';
  if (!single) return head;
  const why = decision.explanation.map((line) => `\n  ${shorten(line, 300)}`).join('');
  return `${head}${why}${review}\n  ${c.dim(`more: cortex explain ${quoted(decision.task)}`)}`;
}

const quoted = (id: string) => (/^[\w.:/@-]+$/.test(id) ? id : `'${id.replaceAll("'", "'\\''")}'`);

function tellDuplicate(published: Published): void {
  if (published.duplicate) note(`cortex: ${published.id} was submitted before: it is the same task, not a second one`);
}

function undecided(open: string[], of: number, waitedMs: number, presence: Presence): Error {
  const which = open.slice(0, 3).join(', ') + (open.length > 3 ? ', …' : '');
  const what = `${open.length} of ${plural(of, 'task')} undecided after ${duration(waitedMs)} (${which})`;
  return presence.alive('coordinator')
    ? new Failed(`${what}; stored and not lost: see "cortex task ID" and "cortex doctor"`)
    : new Unreachable(
        `${what}: no coordinator is running; start "cortex up" or "cortex actor coordinator", the tasks are stored`,
      );
}

/** Its parser takes any case; the choices are for help and completion. */
function priorityOption(): Option {
  const option = new Option('--priority <priority>', 'how urgent it is (default: medium)');
  option.argChoices = [...PRIORITIES];
  return option.argParser(parsePriority);
}
