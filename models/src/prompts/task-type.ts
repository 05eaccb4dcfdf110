// What kind of work a task is, from its words: which prompt serves it, and which lessons are about the same. Pure, and only a default: a
// label `type` of the task counts first. It decides nothing that is allowed or forbidden.

const TYPES: readonly (readonly [string, RegExp])[] = [
  ['review', /\b(?:review|look over|code review|pull request|feedback on)\b/i],
  ['write-tests', /\b(?:(?:write|add|extend|improve)\b[^.\n]{0,40}\btests?|test coverage|unit tests?)\b/i],
  [
    'fix-bug',
    /\b(?:fix|bug|broken|crash(?:es|ed)?|fails?|failing|error|exception|regression|wrong|stack trace|does not work|doesn't work)\b/i,
  ],
  ['audit', /\b(?:CVE-\d|vulnerab\w+|audit|scan|secur\w+|penetration|exploit|compliance)\b/i],
  ['document', /\b(?:document(?:ation)?|readme|changelog|docs?|describe in writing|write (?:a|the) guide)\b/i],
  ['refactor', /\b(?:refactor|clean up|rename|simplify|extract|restructure|migrate|upgrade)\b/i],
  ['feature', /\b(?:implement|add|build|create|introduce|support for|feature)\b/i],
  ['operate', /\b(?:deploy|roll ?out|restart|scale|provision|pipeline|release|rollback|configure|install)\b/i],
  ['question', /\?\s*$|^(?:what|where|why|how|which|who|when|is|are|does|do|can)\b/i],
];

export const TASK_TYPES: readonly string[] = [...TYPES.map(([type]) => type), 'general'];

/** Kind of work. `label` is what the task's publisher calls it. */
export function taskTypeOf(text: string, label?: string): string {
  if (label !== undefined && /^[a-z0-9][a-z0-9-]{0,63}$/.test(label)) return label;
  const head = text.trim().slice(0, 2_000);
  // A question about a bug is a question.
  if (/^(?:what|where|why|how|which|who|when)\b[^.\n]*\?\s*$/i.test(head)) return 'question';
  return TYPES.find(([, pattern]) => pattern.test(head))?.[0] ?? 'general';
}

export interface Complexity {
  readonly complex: boolean;
  /** 0 to 1. */
  readonly score: number;
  readonly why: string;
}

/**
 * Whether a task is worth a plan and reasoning step by step. What the predictor said counts when it lies between 0 and 1; else length, listed
 * steps and joined demands do. Complex from 0.5.
 */
export function complexityOf(text: string, predicted?: number): Complexity {
  if (predicted !== undefined && predicted >= 0 && predicted <= 1)
    return { complex: predicted >= 0.5, score: predicted, why: `predicted ${predicted.toFixed(2)}` };
  const words = text.trim().split(/\s+/u).length;
  const steps = (text.match(/^\s*(?:[-*•]|\d+[.)])\s+\S/gmu) ?? []).length;
  const joins = (text.match(/\b(?:and then|then|after that|finally|as well as|also|both)\b/giu) ?? []).length;
  const score = Math.min(1, words / 400 + Math.min(0.5, steps * 0.125) + Math.min(0.3, joins * 0.1));
  return { complex: score >= 0.5, score, why: `${words} words, ${steps} listed steps, ${joins} joined demands` };
}
