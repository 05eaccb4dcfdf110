// When a lesson has proved itself on outcomes. The one thing to know: a task that succeeds beside a lesson need not have succeeded by it, so few
// successes prove little where nearly all tasks succeed, and a person's word needs no outcomes until they speak against it.
import type { Lesson } from '@cortex/schemas';

/**
 * Proven: the lower bound of the share of successes a lesson was there at (Wilson 1927, one-sided) reaches `least` and comes within `behind` of
 * its master's usual share. Three successes in a row are the fewest that can.
 */
export const PROOF = { least: 0.5, behind: 0.1, usualFrom: 10 } as const;

/** 1.645: the standard normal's 95 % point. */
const Z = 1.6449;

export interface ShareInterval {
  readonly lower: number;
  readonly upper: number;
}

/** Each bound holds with 95 %. Without uses anything is possible. */
export function shareInterval({ useful, useless }: Pick<Lesson, 'useful' | 'useless'>): ShareInterval {
  const n = useful + useless;
  if (n === 0) return { lower: 0, upper: 1 };
  const share = useful / n;
  const middle = share + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  const whole = 1 + (Z * Z) / n;
  return { lower: Math.max(0, (middle - half) / whole), upper: Math.min(1, (middle + half) / whole) };
}

/** A master's tasks of one kind, and those of them that went well. */
export interface Usual {
  readonly tasks: number;
  readonly succeeded: number;
}

/** Whether outcomes speak for a lesson; `usual` counts from {@link PROOF}.usualFrom tasks on. */
export function provenByOutcomes(lesson: Pick<Lesson, 'useful' | 'useless'>, usual?: Usual): boolean {
  const { lower } = shareInterval(lesson);
  const share = usual && usual.tasks >= PROOF.usualFrom ? usual.succeeded / usual.tasks : 0;
  return lower >= Math.max(PROOF.least, share - PROOF.behind);
}

/** Whether outcomes speak against a person's word. */
export const refutedByOutcomes = (lesson: Pick<Lesson, 'useful' | 'useless'>): boolean =>
  shareInterval(lesson).upper < PROOF.least;
