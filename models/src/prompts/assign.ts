// Which prompt, and which version of it, a task gets. By the task's id alone, so that every retry and every worker agrees.
import { createHash } from 'node:crypto';
import type { PromptHead } from '@cortex/schemas';

/** The prompt for a kind of work: one that names it, else one for any. By name where several fit. */
export function promptFor(heads: readonly PromptHead[], taskType: string): PromptHead | undefined {
  const serving = heads.filter((head) => head.production !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    serving.find((head) => head.task_types.includes(taskType)) ?? serving.find((head) => head.task_types.length === 0)
  );
}

export interface Assigned {
  readonly version: number;
  readonly label: 'production' | 'candidate';
}

/** Where a task falls between 0 and 1, for one candidate. Another candidate draws anew. */
export function drawOf(taskId: string, name: string, version: number): number {
  const hash = createHash('sha256').update(`${name}@${version}\0${taskId}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}

/** Undefined when the prompt has no version in production. */
export function assignVersion(head: PromptHead, taskId: string): Assigned | undefined {
  const { candidate, production } = head;
  if (production === undefined) return undefined;
  if (candidate && drawOf(taskId, head.name, candidate.version) < candidate.share)
    return { version: candidate.version, label: 'candidate' };
  return { version: production, label: 'production' };
}
