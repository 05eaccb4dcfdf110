// What kind of work a task is, from its own words, and which collections help with which kind. Pure.
import type { Collection } from '@cortex/schemas';

export const TASK_TYPES = ['fix-bug', 'feature', 'review', 'document', 'operate', 'question', 'other'] as const;
export type TaskType = (typeof TASK_TYPES)[number];

const SIGNS: readonly (readonly [TaskType, RegExp])[] = [
  ['review', /\b(?:review|audit|scan|assess|check (?:the|for|whether)|vulnerabilit\w*|cve-\d+)\b/i],
  [
    'fix-bug',
    /\b(?:fix\w*|bugs?|broken|crash\w*|fail(?:s|ed|ing|ures?)?|errors?|exceptions?|regression|wrong\w*|leaks?|hangs?|flaky|stack ?trace|does(?:n't| not) work)\b/i,
  ],
  ['document', /\b(?:document\w*|docs|readme|changelog|write up|explain in|tutorial|guide)\b/i],
  [
    'operate',
    /\b(?:deploy\w*|roll ?back|restart|release|pipeline|incident|outage|scale (?:up|down)|backup|migrat\w*|provision\w*|upgrade)\b/i,
  ],
  ['feature', /\b(?:add|implement|support|introduce|build|create|extend|allow|new)\b/i],
  ['question', /^\s*(?:how|why|what|where|when|which|who|does|do|is|are|can)\b|\?\s*$/i],
];

/** The first that fits; a bug that asks for a review is a review. */
export const taskTypeOf = (text: string): TaskType => SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? 'other';

/** Share of the budget each collection may take at first; what one leaves the others may have. */
export const SHARES: Readonly<Record<TaskType, Readonly<Record<Collection, number>>>> = {
  'fix-bug': { codebase: 0.55, issues: 0.2, patterns: 0.15, documentation: 0.1 },
  feature: { codebase: 0.55, documentation: 0.2, issues: 0.1, patterns: 0.15 },
  review: { codebase: 0.6, patterns: 0.15, issues: 0.15, documentation: 0.1 },
  document: { documentation: 0.45, codebase: 0.4, patterns: 0.1, issues: 0.05 },
  operate: { documentation: 0.35, patterns: 0.25, issues: 0.2, codebase: 0.2 },
  question: { documentation: 0.4, codebase: 0.4, issues: 0.1, patterns: 0.1 },
  other: { codebase: 0.4, documentation: 0.3, issues: 0.15, patterns: 0.15 },
};

export const isTaskType = (type: string): type is TaskType => (TASK_TYPES as readonly string[]).includes(type);
