// Which priority to ask next: critical first, yet nobody starves. Pure: the state goes in and comes out.
import { PRIORITIES, type Priority } from '@cortex/schemas';

/** How many tasks of higher priority were taken since this one had its turn. */
export type Passed = Readonly<Record<Priority, number>>;

/**
 * After so many tasks of higher priority it is one task's turn. While everything waits, that makes at least one task in 5 high, one
 * in 9 medium and one in 17 low, and a critical one waits for at most three others.
 */
export const TURN_AFTER: Readonly<Record<Priority, number>> = { critical: 0, high: 4, medium: 8, low: 16 };

export const NOBODY_PASSED: Passed = { critical: 0, high: 0, medium: 0, low: 0 };

/** The order in which to ask: whose turn has come (the longest overdue first), then by priority. */
export function askOrder(passed: Passed): Priority[] {
  const overdue = (p: Priority) => (TURN_AFTER[p] > 0 ? passed[p] / TURN_AFTER[p] : 0);
  const due = PRIORITIES.filter((p) => overdue(p) >= 1).sort((a, b) => overdue(b) - overdue(a));
  return [...due, ...PRIORITIES.filter((p) => !due.includes(p))];
}

/** A task of this priority was taken: its turn is over, everything below was passed once more. */
export function afterTask(passed: Passed, taken: Priority): Passed {
  const at = PRIORITIES.indexOf(taken);
  const next = { ...passed };
  PRIORITIES.forEach((p, i) => {
    if (i === at) next[p] = 0;
    else if (i > at) next[p] = passed[p] + 1;
  });
  return next;
}

/** Nothing of this priority waits: nobody was passed. */
export function afterEmpty(passed: Passed, empty: Priority): Passed {
  return passed[empty] === 0 ? passed : { ...passed, [empty]: 0 };
}
