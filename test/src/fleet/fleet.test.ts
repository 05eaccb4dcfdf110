import { testServerBinary } from '@cortex/bus';
import { describe, expect, it } from 'vitest';
import { runFleet } from './run.js';
import { watchHealthyFleet } from './virtual.js';

it('a healthy fleet is left alone: at most one intervention in 10,000 worker-minutes, in virtual time', () => {
  const { falsePer10k, tasks } = watchHealthyFleet({ seed: 11, workers: 50, minutes: 400 });
  expect(tasks).toBeGreaterThan(10_000);
  expect(falsePer10k).toBeLessThanOrEqual(1);
}, 60_000);

describe.skipIf('missing' in testServerBinary())('real worker processes', () => {
  it('that fall silent, hang or lose a task are seen, and no task is lost', async () => {
    const result = await runFleet({
      seed: 3,
      workers: 6,
      masters: 2,
      everySeconds: 3,
      faults: 4,
      only: ['no-heartbeat', 'stuck-pending', 'token-budget', 'replay'],
      watchdog: true,
      gaps: [0.4],
    });
    expect(result.faults.filter(({ seconds, known }) => seconds === undefined && !known)).toEqual([]);
    expect(result.open).toBe(0);
  }, 150_000);
});
