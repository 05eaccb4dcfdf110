import { PRIORITIES, type Priority } from '@cortex/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterEmpty, afterTask, askOrder, NOBODY_PASSED, TURN_AFTER } from './schedule.js';

/** Takes tasks while the given numbers wait; returns the priorities in the order taken. */
function take(waiting: Record<Priority, number>, most: number): Priority[] {
  const left = { ...waiting };
  const taken: Priority[] = [];
  let passed = NOBODY_PASSED;
  while (taken.length < most && PRIORITIES.some((p) => left[p] > 0)) {
    for (const priority of askOrder(passed)) {
      if (left[priority] === 0) {
        passed = afterEmpty(passed, priority);
        continue;
      }
      left[priority]--;
      passed = afterTask(passed, priority);
      taken.push(priority);
      break;
    }
  }
  return taken;
}

describe('the order of priorities', () => {
  it('is critical, high, medium, low while nobody was passed over', () => {
    expect(askOrder(NOBODY_PASSED)).toEqual(['critical', 'high', 'medium', 'low']);
    expect(take({ critical: 2, high: 1, medium: 1, low: 1 }, 9)).toEqual([
      'critical',
      'critical',
      'high',
      'medium',
      'low',
    ]);
  });

  it('gives each priority its share while all of them wait', () => {
    const taken = take({ critical: 1e4, high: 1e4, medium: 1e4, low: 1e4 }, 1_700);
    const share = (p: Priority) => taken.filter((t) => t === p).length / taken.length;
    expect(share('critical')).toBeGreaterThan(0.5);
    expect(share('high')).toBeGreaterThan(share('medium'));
    expect(share('medium')).toBeGreaterThan(share('low'));
    expect(share('low')).toBeGreaterThan(1 / 20);
  });

  it('lets nobody starve and no critical task wait for more than three others, whatever else waits', () => {
    const load = fc.record(
      Object.fromEntries(PRIORITIES.map((p) => [p, fc.nat(200)])) as Record<Priority, fc.Arbitrary<number>>,
    );
    fc.assert(
      fc.property(load, (waiting) => {
        const taken = take(waiting, 1_000);
        expect(taken).toHaveLength(PRIORITIES.reduce((sum, p) => sum + waiting[p], 0));
        for (const [rank, priority] of PRIORITIES.entries()) {
          // Others that are overdue at the same moment may go before it, once each.
          const longest = (TURN_AFTER[priority] || 0) + 3;
          let waited = 0;
          let left = waiting[priority];
          for (const other of taken) {
            if (left === 0) break;
            if (other === priority) {
              left--;
              waited = 0;
            } else if (rank === 0 || PRIORITIES.indexOf(other) < rank) {
              waited++;
              expect(waited).toBeLessThanOrEqual(longest);
            }
          }
        }
      }),
    );
  });
});
