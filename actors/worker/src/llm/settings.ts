// Every setting of the LLM worker, with default, unit and reason.
import type { Encoder } from '@cortex/models';

export interface LlmSettings {
  /** Address of an OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`. Default: the service of OpenAI. */
  readonly baseUrl?: string;
  /** Its key. A server of your own may need none. */
  readonly apiKey?: string;
  readonly model: string;
  /** Default 0: the same task should get the same answer. */
  readonly temperature?: number;
  /** Most tokens of one answer. Default 2,048. */
  readonly outputTokens?: number;
  /** Milliseconds without a word from the server before a call is given up. Default 120,000. */
  readonly callTimeoutMs?: number;
  /** Tokens of retrieved context in a prompt. Default 4,000. */
  readonly contextTokens?: number;
  /** Milliseconds the librarian may take. Default 2,000; late or no answer means going on without. */
  readonly contextWaitMs?: number;
  /** Tokens of notes kept for a task; older ones are summarised. Default 1,500. */
  readonly notesTokens?: number;
  /** Most times an answer that was not good enough is tried again. Default 2. */
  readonly reflections?: number;
  /** Folder that the tools may search and read. Default: none, so no tools. */
  readonly repository?: string;
  /** Files that may be changed, as globs, in a temporary worktree. Default: none. */
  readonly allowEdits?: readonly string[];
  /** Commands that may be run in the worktree, exactly as given. Default: none. */
  readonly allowCommands?: readonly string[];
  /** Milliseconds a command may take. Default 600,000. */
  readonly commandTimeoutMs?: number;
  /** Whether a plan is made first: auto for complex tasks, or when there is something to look up or to change. Default auto. */
  readonly plan?: 'auto' | 'always' | 'never';
  /** Whether a complex task may be split into tasks of their own, and how far. */
  readonly subtasks?: Partial<SubtaskLimits>;
  readonly budget?: Partial<BudgetLimits>;
  /** US dollars per million tokens. Default 0: cost is not counted. */
  readonly price?: { readonly input: number; readonly output: number };
  /** Reuse the answer of an identical task with the same prompt version and the same context. Default true. */
  readonly cache?: boolean;
  /** Whether an answer without evidence is refused. Default true. */
  readonly evidence?: boolean;
  /** Values that must never reach the model or leave with an answer, beside the credentials of this process. */
  readonly secrets?: readonly string[];
  /** Meaning of texts, for long-term memory. Default: words alone. */
  readonly encoder?: Encoder;
}

export interface SubtaskLimits {
  /** How deep tasks may be split: 0 never, 1 only a task somebody submitted. Default 2. */
  readonly depth: number;
  /** Most parts of one task. Default 4. */
  readonly count: number;
  /** Milliseconds to wait for them. Default 1,800,000. */
  readonly waitMs: number;
}

export interface BudgetLimits {
  /** Tokens of one task, over all attempts; the task's own `budget.tokens` lowers it. Default 60,000. */
  readonly task: number;
  /** Tokens of all workers of the master in a day (UTC). Default 5,000,000. */
  readonly master: number;
  /** Tokens of all LLM workers in a day (UTC). Default 20,000,000. */
  readonly day: number;
}

export type ResolvedLlm = Required<Omit<LlmSettings, 'repository' | 'baseUrl' | 'encoder' | 'subtasks' | 'budget'>> & {
  readonly repository: string | undefined;
  readonly baseUrl: string | undefined;
  readonly encoder: Encoder | undefined;
  readonly subtasks: SubtaskLimits;
  readonly budget: BudgetLimits;
};

/** Share of a budget at which a warning is due, and at which nothing more is spent. */
export const WARN_AT = 0.8;
export const STOP_AT = 0.95;

const POSITIVE = [
  'outputTokens',
  'callTimeoutMs',
  'contextTokens',
  'contextWaitMs',
  'notesTokens',
  'commandTimeoutMs',
] as const;

/** Fills in the defaults. Throws a RangeError naming the setting. */
export function resolveLlm(settings: LlmSettings): ResolvedLlm {
  const full: ResolvedLlm = {
    apiKey: '',
    temperature: 0,
    outputTokens: 2_048,
    callTimeoutMs: 120_000,
    contextTokens: 4_000,
    contextWaitMs: 2_000,
    notesTokens: 1_500,
    reflections: 2,
    allowEdits: [],
    allowCommands: [],
    commandTimeoutMs: 600_000,
    plan: 'auto',
    price: { input: 0, output: 0 },
    cache: true,
    evidence: true,
    secrets: [],
    ...defined(settings),
    model: settings.model,
    repository: settings.repository,
    baseUrl: settings.baseUrl,
    encoder: settings.encoder,
    subtasks: { depth: 2, count: 4, waitMs: 1_800_000, ...defined(settings.subtasks ?? {}) },
    budget: { task: 60_000, master: 5_000_000, day: 20_000_000, ...defined(settings.budget ?? {}) },
  };
  if (full.model.trim() === '') throw new RangeError('model must name a model');
  for (const key of POSITIVE)
    if (!(full[key] > 0)) throw new RangeError(`${key} must be above 0, got ${String(full[key])}`);
  for (const [key, value] of Object.entries(full.budget))
    if (!(value > 0)) throw new RangeError(`budget.${key} must be above 0, got ${String(value)}`);
  if (!Number.isInteger(full.reflections) || full.reflections < 0 || full.reflections > 10)
    throw new RangeError(`reflections must be 0 to 10, got ${String(full.reflections)}`);
  if ((full.allowEdits.length > 0 || full.allowCommands.length > 0) && full.repository === undefined)
    throw new RangeError('allowEdits and allowCommands need a repository');
  return full;
}

function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
