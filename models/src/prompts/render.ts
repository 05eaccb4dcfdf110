// From a prompt and what is known of a task to the two messages a model gets. Pure: the same in, the same out.
import type { PromptBody, PromptExample, PromptVersion } from '@cortex/schemas';
import { dataRule, wrapData } from '../text-safety/index.js';
import { fillTemplate, type PromptValue, STANDARD_VARIABLES } from './template.js';

export interface RenderInput {
  /** Marker of this request. */
  readonly marker: string;
  readonly values: Readonly<Record<string, PromptValue | undefined>>;
  readonly complex: boolean;
}

export interface Rendered {
  readonly system: string;
  readonly user: string;
  /** Whether reasoning step by step was asked for. */
  readonly reasoning: boolean;
}

/** Reasoning costs tokens in every answer: only complex tasks repay it, unless the prompt says otherwise. */
export function wantsReasoning(prompt: Pick<PromptBody, 'reasoning'>, complex: boolean): boolean {
  return prompt.reasoning === 'always' || (prompt.reasoning === 'auto' && complex);
}

/** Throws PromptInvalid for values that do not fit. */
export function renderPrompt(prompt: PromptBody, input: RenderInput): Rendered {
  const variables = { ...STANDARD_VARIABLES, ...prompt.variables };
  const reasoning = wantsReasoning(prompt, input.complex);
  const values = {
    ...input.values,
    complex: input.complex,
    reasoning,
    ...(prompt.rules.length > 0 ? { rules: prompt.rules } : {}),
    ...(prompt.examples.length > 0
      ? { examples: prompt.examples.map((example) => exampleData(input.marker, example)) }
      : {}),
  };
  const system = fillTemplate(prompt.system, variables, values);
  return {
    system: `${system}\n\n${dataRule(input.marker)}`,
    user: fillTemplate(prompt.user, variables, values),
    reasoning,
  };
}

/** Examples are made of tasks and answers, so they are data like those. */
function exampleData(marker: string, { task, answer }: PromptExample) {
  return {
    task: wrapData(marker, { kind: 'example task' }, task),
    answer: wrapData(marker, { kind: 'example answer' }, answer),
  };
}

/** Line by line what differs between two versions: `-` only in the first, `+` only in the second. */
export function diffPrompts(a: PromptVersion, b: PromptVersion): string[] {
  const lines = (p: PromptVersion) =>
    [
      `reasoning: ${p.reasoning}`,
      `task types: ${p.task_types.join(', ')}`,
      ...Object.entries(p.variables).map(([name, v]) => `variable ${name}: ${v.type}${v.required ? ', required' : ''}`),
      'system:',
      ...p.system.split('\n'),
      'user:',
      ...p.user.split('\n'),
      ...p.rules.map((rule) => `rule: ${rule}`),
      ...p.examples.flatMap((e) => [`example task: ${e.task}`, `example answer: ${e.answer}`]),
    ].flatMap((line) => line.split('\n'));
  return diffLines(lines(a), lines(b));
}

/** The longest common subsequence decides what stayed. */
function diffLines(a: readonly string[], b: readonly string[]): string[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [row, next] = [table[i] as Uint32Array, table[i + 1] as Uint32Array];
      row[j] = a[i] === b[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)))
      out.push(`- ${a[i++]}`);
    else out.push(`+ ${b[j++]}`);
  }
  return out;
}
