// `cortex memory list/add/share/forget`: what workers remember, a person's word on it, and making them forget.
import { randomBytes } from 'node:crypto';
import { type Memory, openMemory } from '@cortex/bus';
import { freshness, STALE_BELOW, supersedes, usefulness } from '@cortex/models';
import {
  canonicalMaster,
  checkMessage,
  InvalidMessage,
  type Lesson,
  lessonSchema,
  masterSchema,
} from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, note, percent, plural, printJson, printText, shorten, table } from '../output/index.js';
import { withBus } from '../session.js';

interface Flags extends BusFlags {
  json?: boolean;
  master?: string;
  tasks?: boolean;
  all?: boolean;
  key?: string;
  shared?: boolean;
  undo?: boolean;
  taskType?: string;
  task?: string;
}

export function addMemory(program: Command): void {
  const memory = program
    .command('memory')
    .summary('what workers remember')
    .description(
      'What LLM workers learned: lessons of a master, private until outcomes prove them; and notes of tasks\nunder way. A lesson that is not confirmed fades; a newer word on the same matter takes its place.',
    );
  withExample(memory, 'memory list', 'memory forget LESSON');
  const list = memory.command('list').description('Lessons, most useful first.').action(listMemory);
  list
    .option('--master <name>', 'only of this master')
    .option('--tasks', 'notes of tasks instead of lessons')
    .option('--all', 'superseded ones too');
  const add = memory
    .command('add')
    .description("A person's lesson; it takes the place of what workers learned under the same key.")
    .argument('<lesson>', 'what to know, in a sentence or two')
    .requiredOption('--master <name>', 'whose workers should know it')
    .requiredOption('--task <text>', 'a task it is about, in words: tasks like it will bring it up')
    .option('--key <key>', 'key of the lesson it corrects (see list)')
    .option('--task-type <type>', 'kind of work (default: general)')
    .option('--shared', 'other masters may read it too')
    .action(addLesson);
  const share = memory
    .command('share')
    .description('Lets all masters read a lesson, whoever had a hand in it; or its own master alone again.')
    .argument('<lesson>', 'id of the lesson')
    .option('--undo', 'its own master alone, until outcomes prove it')
    .action(shareLesson);
  const forget = memory
    .command('forget')
    .description('Forgets a lesson, all lessons of a master, or the notes of a task.')
    .argument('[lesson]', 'id of the lesson')
    .option('--master <name>', 'all lessons of this master')
    .option('--task <id>', 'the notes of this task')
    .action(forgetMemory);
  withExample(list, 'memory list --master development');
  withExample(add, 'memory add "The limit stands in config/limits.json" --master development --task "raise a limit"');
  withExample(share, 'memory share 3f2a9c01b2d4e6f8');
  withExample(forget, 'memory forget 3f2a9c01b2d4e6f8', 'memory forget --master development');
  for (const command of [list, add, share, forget]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

const withMemory = <T>(flags: BusFlags, work: (memory: Memory) => Promise<T>): Promise<T> =>
  withBus(flags, async (bus) => work(await openMemory(bus)));

async function listMemory(flags: Flags): Promise<void> {
  const master = masterFlag(flags.master);
  await withMemory(flags, async (memory) => {
    if (flags.tasks) return listTasks(await memory.tasks(), master, flags);
    const lessons = (await memory.lessons(master))
      .filter((lesson) => flags.all || lesson.superseded_by === undefined)
      .sort((a, b) => usefulness(b) - usefulness(a) || (a.learned_at < b.learned_at ? 1 : -1));
    if (flags.json) {
      return printJson(
        lessons.map(({ vector: _v, ...lesson }) => ({
          ...lesson,
          freshness: freshness(lesson),
          stale: freshness(lesson) < STALE_BELOW,
        })),
      );
    }
    if (lessons.length === 0) return note('cortex: nothing was learned yet');
    printText(
      table(
        ['ID', 'MASTER', 'USEFUL', 'STATE', 'LEARNED', 'LESSON'],
        lessons.map((lesson) => [
          lesson.id,
          lesson.master,
          lesson.used === 0 ? '-' : `${lesson.useful} of ${lesson.used}`,
          stateOf(lesson),
          age(lesson.learned_at),
          shorten(`${lesson.about.slice(0, 60)} → ${lesson.lesson}`, 200),
        ]),
      ),
    );
  });
}

function stateOf(lesson: Lesson): string {
  if (lesson.superseded_by !== undefined) return `superseded by ${lesson.superseded_by}`;
  const fresh = freshness(lesson);
  const fades = fresh < STALE_BELOW ? `stale (${percent(fresh)})` : 'fresh';
  return `${lesson.shared && lesson.proven ? 'shared' : 'private'}, ${fades}, ${lesson.trust}`;
}

function listTasks(tasks: Awaited<ReturnType<Memory['tasks']>>, master: string | undefined, flags: Flags): void {
  const shown = tasks.filter((task) => master === undefined || task.master === master);
  if (flags.json) printJson(shown);
  else if (shown.length === 0) note('cortex: no notes of tasks');
  else
    printText(
      table(
        ['TASK', 'MASTER', 'NOTES', 'TOKENS', 'CHANGED'],
        shown.map((task) => [
          shorten(task.task, 60),
          task.master,
          `${task.notes.length}${task.summarised > 0 ? ` and ${task.summarised} summarised` : ''}`,
          String(task.spent.input + task.spent.output),
          age(task.updated_at),
        ]),
      ),
    );
}

async function addLesson(text: string, flags: Flags): Promise<void> {
  const master = masterFlag(flags.master) ?? '';
  const about = flags.task ?? '';
  await withMemory(flags, async (memory) => {
    const at = new Date().toISOString();
    const id = randomBytes(8).toString('hex');
    const lesson = checkedLesson({
      id,
      key: flags.key ?? `person:${id}`,
      master,
      shared: flags.shared ?? false,
      proven: flags.shared ?? false,
      ...(flags.shared ? { shared_by: 'person' } : {}),
      task_type: flags.taskType ?? 'general',
      about,
      lesson: text,
      worked: true,
      source: 'person',
      trust: 'own',
      learned_at: at,
      confirmed_at: at,
    });
    const older = (await memory.lessons(master)).filter((one) => supersedes(lesson, one));
    for (const one of older)
      await memory.changeLesson(one.master, one.id, (known) => ({ ...known, superseded_by: lesson.id }));
    await memory.putLesson(lesson);
    if (flags.json) return printJson(lesson);
    printText(`${lesson.id} remembered${older.length > 0 ? `, in place of ${plural(older.length, 'lesson')}` : ''}`);
  });
}

async function shareLesson(id: string, flags: Flags): Promise<void> {
  await withMemory(flags, async (memory) => {
    const found = (await memory.lessons()).find((lesson) => lesson.id === id);
    if (!found) throw new Failed(`there is no lesson ${shorten(id, 80)}: see "cortex memory list"`);
    const shared = !flags.undo;
    const changed = await memory.changeLesson(found.master, id, ({ shared_by: _by, ...known }) => ({
      ...known,
      shared,
      proven: shared,
      ...(shared ? { shared_by: 'person' as const } : {}),
    }));
    if (!changed) throw new Failed(`the lesson ${shorten(id, 80)} was just forgotten`);
    if (flags.json) return printJson({ ...changed, vector: undefined });
    printText(shared ? 'shared with all masters' : `read by ${found.master} alone`);
  });
}

function checkedLesson(lesson: object): Lesson {
  try {
    return checkMessage('lesson', lessonSchema, lesson);
  } catch (error) {
    if (error instanceof InvalidMessage)
      throw new WrongInput(error.field === 'lesson' ? 'LESSON' : `--${error.field}`, error.problem);
    throw error;
  }
}

async function forgetMemory(id: string | undefined, flags: Flags): Promise<void> {
  const master = masterFlag(flags.master);
  if ([id, master, flags.task].filter((one) => one !== undefined).length !== 1)
    throw new WrongInput('forget', 'give the id of a lesson, or --master NAME, or --task ID');
  await withMemory(flags, async (memory) => {
    if (flags.task !== undefined) {
      if (!(await memory.forgetTask(flags.task)))
        throw new Failed(`nothing is noted about the task ${shorten(flags.task, 80)}`);
      if (flags.json) printJson({ forgotten: 1 });
      else printText('forgotten');
      return;
    }
    const lessons = (await memory.lessons(master)).filter((lesson) => master !== undefined || lesson.id === id);
    if (lessons.length === 0)
      throw new Failed(
        id === undefined
          ? `${master} has learned nothing`
          : `there is no lesson ${shorten(id, 80)}: see "cortex memory list --all"`,
      );
    let forgotten = 0;
    for (const lesson of lessons) if (await memory.forgetLesson(lesson.master, lesson.id)) forgotten++;
    if (flags.json) return printJson({ forgotten });
    printText(`${plural(forgotten, 'lesson')} forgotten`);
  });
}

function masterFlag(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    return canonicalMaster(checkMessage('master', masterSchema.shape.name, name));
  } catch (error) {
    if (error instanceof InvalidMessage) throw new WrongInput('--master', error.problem);
    throw error;
  }
}
