// Which arm decides a task: a fixed function of the task and the trial, so that the same task has the same arm in every replica and on
// every delivery. The one thing to know: a growing share only adds tasks to the challenger, it never takes one away.
import { createHash } from 'node:crypto';
import type { AliasState } from '@cortex/bus';
import type { Arm } from '@cortex/schemas';

export interface Assignment {
  readonly arm: Arm;
  /** Version that the arm means; undefined when the registry names no champion. */
  readonly model?: string;
  /** Revision of the aliases it was chosen by; undefined without any. */
  readonly revision?: number;
}

/** A task's place in a trial, 0 to 1. Salted with the challenger: the next trial falls on other tasks. */
export function placeOf(taskKey: string, challenger: string): number {
  const digest = createHash('sha256').update(`${challenger}\0${taskKey}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** The arm of a task, by the key of its task. */
export function assign(taskKey: string, aliases: (AliasState & { readonly revision: number }) | undefined): Assignment {
  if (!aliases || aliases.revision === 0) return { arm: 'champion' };
  const { champion, challenger, share, revision } = aliases;
  if (challenger !== undefined && share > 0 && placeOf(taskKey, challenger) < share)
    return { arm: 'challenger', model: challenger, revision };
  return { arm: 'champion', ...(champion === undefined ? {} : { model: champion }), revision };
}
