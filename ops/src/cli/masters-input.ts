// Masters as people hand them in: flags, files of examples, files of masters. Everything is checked before anything is stored.
import { checkMessage, InvalidMessage, type Master, type MasterInput, masterSchema } from '@cortex/schemas';
import { WrongInput } from './failures.js';
import { readInput } from './submit/read-tasks.js';

/** Throws {@link WrongInput} naming where and which field. */
export function checkMaster(where: string, value: unknown): Master {
  try {
    return checkMessage('master', masterSchema, value);
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error;
    throw new WrongInput(error.field === '' ? where : `${where}, field ${error.field}`, error.problem);
  }
}

/** A JSON array, an object `{"masters": […]}`, one object, or JSON lines. Throws {@link WrongInput} naming file, place and field. */
export async function masterFile(file: string): Promise<MasterInput[]> {
  const { name, text } = await readInput(file, '--file');
  const whole = parse(text);
  if (whole.ok) {
    const value = whole.value as { masters?: unknown };
    const list = Array.isArray(value) ? value : Array.isArray(value?.masters) ? value.masters : [value];
    if (list.length === 0) throw new WrongInput(name, 'holds no master');
    return list.map((master, i) => checkMaster(`${name}, master ${i + 1}`, master));
  }
  const lines = [...text.split(/\r?\n/).entries()].filter(([, line]) => line.trim() !== '');
  const [first] = lines;
  // Not JSON lines either: the complaint about the whole document says more.
  if (!first || !parse(first[1]).ok || lines.length < 2)
    throw new WrongInput(name, `is not valid JSON (${whole.problem})`);
  return lines.map(([i, line]) => {
    const one = parse(line);
    if (!one.ok) throw new WrongInput(`${name}, line ${i + 1}`, `is not valid JSON (${one.problem})`);
    return checkMaster(`${name}, line ${i + 1}`, one.value);
  });
}

/** Texts, one a line; lines that are JSON strings or objects with `text` are read as such. */
export async function textLines(file: string): Promise<string[]> {
  const { name, text } = await readInput(file, '--examples-file');
  const found: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    if (!/^\s*[{"]/.test(line)) {
      found.push(line.trim());
      continue;
    }
    const one = parse(line);
    const inside = one.ok
      ? typeof one.value === 'string'
        ? one.value
        : (one.value as { text?: unknown })?.text
      : undefined;
    if (!one.ok && line.trim().startsWith('"')) found.push(line.trim());
    else if (typeof inside === 'string' && inside.trim() !== '') found.push(inside);
    else
      throw new WrongInput(
        `${name}, line ${i + 1}, field text`,
        one.ok ? 'is missing' : `is not valid JSON (${one.problem})`,
      );
  }
  if (found.length === 0) throw new WrongInput(name, 'holds no example');
  return found;
}

/** A master with more: lists grow without repeating, a description that was given replaces the old one. */
export function merged(existing: Master, more: MasterInput): MasterInput {
  const both = (a: readonly string[], b: readonly string[] = []) => [...new Set([...a, ...b])];
  return {
    ...existing,
    ...(more.description === undefined || more.description === '' ? {} : { description: more.description }),
    examples: both(existing.examples, more.examples),
    keywords: both(existing.keywords, more.keywords),
    patterns: both(existing.patterns, more.patterns),
    aliases: both(existing.aliases, more.aliases),
    capabilities: both(existing.capabilities, more.capabilities),
  };
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; problem: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, problem: (error as Error).message };
  }
}
