// What travels through the steps of one task. Each step returns a new state; nothing is kept anywhere else but in memory (the bucket).
import type { Bus, Memory, PromptRegistry } from '@cortex/bus';
import type { Complexity, Recalled } from '@cortex/models';
import type { PromptVersion, TaskMemory } from '@cortex/schemas';
import type { Job, JobResult } from '../job.js';
import type { Border } from './border.js';
import type { ContextSource } from './context.js';
import type { Model } from './model.js';
import type { Piece } from './piece.js';
import type { ResolvedLlm } from './settings.js';
import type { Spend } from './spend.js';
import type { Repository } from './tools/repository.js';
import type { Workplace } from './tools/worktree.js';

/** What every task of a worker shares. */
export interface Around {
  readonly bus: Bus;
  readonly settings: ResolvedLlm;
  readonly model: Model;
  readonly border: Border;
  readonly prompts: PromptRegistry;
  readonly memory: Memory;
  readonly source: ContextSource;
  readonly repository: Repository | undefined;
}

/** What the plan asked for. Made from the task's own text alone: nothing that was retrieved has any part in it. */
export interface Plan {
  readonly steps: string;
  readonly lookups: readonly Lookup[];
  readonly commands: readonly string[];
  readonly subtasks: readonly { readonly title: string; readonly text: string }[];
  /** Calls that were not granted, with the reason. */
  readonly refused: readonly string[];
}

export type Lookup =
  | { readonly kind: 'search'; readonly query: string }
  | { readonly kind: 'view'; readonly path: string; readonly from?: number; readonly to?: number };

export const PROBLEMS = [
  'not-done',
  'no-evidence',
  'bad-citation',
  'bad-answer',
  'edit-refused',
  'command-failed',
  'criterion',
  'refused',
] as const;
export type ProblemKind = (typeof PROBLEMS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** In our own words. */
  readonly text: string;
  /** What somebody else said about it: data. */
  readonly said?: string;
}

export type Evidence = { kind: string; ref?: string; sha256?: string } & Record<string, unknown>;

export interface Report {
  readonly done: boolean;
  readonly answer: string;
  readonly citations: readonly number[];
  readonly edits: readonly Edit[];
  readonly lesson?: string | undefined;
}

export interface Edit {
  readonly path: string;
  readonly find: string;
  readonly replace: string;
}

export interface State {
  readonly around: Around;
  readonly job: Job;
  readonly taskType: string;
  readonly complexity: Complexity;
  readonly criteria: readonly string[];
  readonly prompt: PromptVersion;
  readonly promptLabel: 'production' | 'candidate';
  /** Marker of this task's data. */
  readonly marker: string;
  readonly spend: Spend;
  readonly memory: TaskMemory;
  readonly recalled: readonly Recalled[];
  readonly history: string;
  readonly plan: Plan | undefined;
  readonly pieces: readonly Piece[];
  /** Why there is no context from the librarian. */
  readonly withoutContext: string | undefined;
  readonly workplace: Workplace | undefined;
  readonly round: number;
  readonly report: Report | undefined;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
  /** Kinds of problems of all rounds so far. */
  readonly met: readonly ProblemKind[];
  readonly explanation: readonly string[];
  readonly result: JobResult | undefined;
}

export function explained(state: State, ...lines: string[]): State {
  return { ...state, explanation: [...state.explanation, ...lines] };
}
