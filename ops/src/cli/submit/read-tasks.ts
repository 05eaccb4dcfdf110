// Tasks from a file of JSON lines: every line is checked before the first task is published, so a bad file publishes nothing.
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { checkMessage, InvalidMessage, type TaskInput, taskSchema } from '@cortex/schemas';
import { WrongInput } from '../failures.js';

/** Reads standard input for `-`; files may end in `.gz`. Throws {@link WrongInput} naming the file. */
export async function readInput(file: string, option: string): Promise<{ name: string; text: string }> {
  if (file === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return { name: 'standard input', text: Buffer.concat(chunks).toString('utf8') };
  }
  try {
    const bytes = await readFile(file);
    return { name: file, text: (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? (error as Error).message})`;
    throw new WrongInput(`${option} ${file}`, why);
  }
}

/** What the command line adds to each task that does not say it itself. */
export type TaskDefaults = Partial<TaskInput>;

/** Throws {@link WrongInput} naming file, line and field. Empty lines are skipped. */
export function parseTasks(name: string, text: string, defaults: TaskDefaults = {}): TaskInput[] {
  const tasks: TaskInput[] = [];
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const where = `${name}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new WrongInput(
        where,
        `is not valid JSON (${(error as Error).message}); each line is one task, such as {"text": "…"}`,
      );
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new WrongInput(where, 'is not a JSON object; each line is one task, such as {"text": "…"}');
    tasks.push(checkTask(where, { ...defaults, ...value, ...mergedLabels(defaults, value) }));
  }
  if (tasks.length === 0) throw new WrongInput(name, 'holds no task');
  return tasks;
}

function mergedLabels(defaults: TaskDefaults, value: object): Partial<TaskInput> {
  const own = (value as TaskInput).labels;
  return defaults.labels && typeof own === 'object' ? { labels: { ...defaults.labels, ...own } } : {};
}

/** Throws {@link WrongInput} naming the field. */
export function checkTask(where: string, value: unknown): TaskInput {
  try {
    return checkMessage('task', taskSchema, value);
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error;
    throw new WrongInput(error.field === '' ? where : `${where}, field ${error.field}`, problemOf(error, value));
  }
}

function problemOf(error: InvalidMessage, value: unknown): string {
  const text = (value as { text?: unknown }).text;
  if (error.field === 'text' && text === undefined) return 'is missing: it says what is to be done';
  if (error.field === 'text' && typeof text === 'string' && text.trim() !== '')
    return `has ${text.length.toLocaleString('en-US')} characters, at most 32,768 are taken: shorten it`;
  return error.problem;
}
