// Templates of prompts: mustache with declared, typed variables. Checked when a prompt is written, so that rendering cannot surprise.
import type { PromptBody, PromptVariable } from '@cortex/schemas';
import Mustache from 'mustache';

/** Thrown when a template or a value does not fit what the prompt declares. `field` names which. */
export class PromptInvalid extends Error {
  override readonly name = 'PromptInvalid';
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`prompt: ${field}: ${problem}`);
  }
}

/**
 * What every prompt may use without declaring it. `task`, `context`, `lessons`, `notes`, `feedback` and `map` arrive between data markers.
 */
export const STANDARD_VARIABLES: Readonly<Record<string, PromptVariable>> = {
  task: { type: 'text', required: true, describe: 'the task, marked as data' },
  task_type: { type: 'text', required: false, describe: 'kind of work' },
  master: { type: 'text', required: false, describe: 'name of the master' },
  context: { type: 'text', required: false, describe: 'retrieved pieces, numbered, marked as data' },
  lessons: { type: 'text', required: false, describe: 'what worked for tasks like this, marked as data' },
  notes: { type: 'text', required: false, describe: 'what earlier attempts found, marked as data' },
  feedback: { type: 'text', required: false, describe: 'what was missing in the last answer' },
  history: { type: 'text', required: false, describe: "the master's record with such tasks" },
  predicted: { type: 'text', required: false, describe: 'predicted time and tokens' },
  criteria: { type: 'list', required: false, describe: 'what must hold when it is done' },
  rules: { type: 'list', required: false, describe: 'rules of this prompt' },
  examples: { type: 'list', required: false, describe: 'examples: task and answer' },
  reasoning: { type: 'boolean', required: false, describe: 'true: think step by step' },
  complex: { type: 'boolean', required: false, describe: 'true for a complex task' },
  edits: { type: 'text', required: false, describe: 'where files may be changed' },
};

type Token = [string, string, number, number, Token[]?, ...unknown[]];

/** Throws {@link PromptInvalid} for templates that use what is not declared, or more of mustache than variables and sections. */
export function checkTemplates(prompt: Pick<PromptBody, 'system' | 'user' | 'variables'>): void {
  const declared = { ...STANDARD_VARIABLES, ...prompt.variables };
  for (const name of Object.keys(prompt.variables))
    if (name in STANDARD_VARIABLES) throw new PromptInvalid(`variables.${name}`, 'is a standard variable already');
  for (const field of ['system', 'user'] as const) {
    let tokens: Token[];
    try {
      tokens = Mustache.parse(prompt[field]) as unknown as Token[];
    } catch (error) {
      throw new PromptInvalid(field, (error as Error).message);
    }
    checkTokens(field, tokens, declared, false);
  }
  const names = new Set(namesIn(Mustache.parse(prompt.user) as unknown as Token[]));
  if (!names.has('task')) throw new PromptInvalid('user', 'must contain {{task}}');
}

function checkTokens(
  field: string,
  tokens: readonly Token[],
  declared: Readonly<Record<string, PromptVariable>>,
  inList: boolean,
): void {
  for (const [kind, name, , , inner] of tokens) {
    if (kind === 'text' || kind === '!') continue;
    if (kind === '>') throw new PromptInvalid(field, `{{>${name}}}: a prompt includes no other`);
    if (kind === '=') throw new PromptInvalid(field, 'the delimiters cannot be changed');
    // `{{#list.length}}` asks whether a list has anything in it.
    const list = name.endsWith('.length') ? declared[name.slice(0, -'.length'.length)] : undefined;
    const variable = list?.type === 'list' ? list : declared[name];
    // Inside a list the names are the fields of its items.
    if (variable === undefined && !inList)
      throw new PromptInvalid(field, `uses {{${name}}}, which is neither declared in variables nor standard`);
    if (kind === '#' || kind === '^')
      checkTokens(
        field,
        inner ?? [],
        declared,
        inList || (kind === '#' && variable?.type === 'list' && list === undefined),
      );
  }
}

function namesIn(tokens: readonly Token[]): string[] {
  return tokens.flatMap(([kind, name, , , inner]) => (kind === 'text' ? [] : [name, ...namesIn(inner ?? [])]));
}

export type PromptValue = string | number | boolean | readonly (string | Readonly<Record<string, string | number>>)[];

/** Fills a template in. A value is never read as a template. Throws {@link PromptInvalid} for a value that is missing or of another type. */
export function fillTemplate(
  template: string,
  variables: Readonly<Record<string, PromptVariable>>,
  values: Readonly<Record<string, PromptValue | undefined>>,
): string {
  const view: Record<string, unknown> = Object.create(null);
  for (const [name, variable] of Object.entries(variables)) {
    const value = values[name];
    if (value === undefined) {
      if (variable.required) throw new PromptInvalid(name, 'is required and was not given');
      continue;
    }
    const type = Array.isArray(value) ? 'list' : typeof value === 'string' ? 'text' : typeof value;
    if (type !== variable.type) throw new PromptInvalid(name, `must be a ${variable.type}, got a ${type}`);
    view[name] = value;
  }
  return Mustache.render(template, view, {}, { escape: (value: unknown) => String(value) })
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
