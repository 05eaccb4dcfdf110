// Deadlines are kept by the server's clock. What is to be believed of several looks at it is a pure rule; that a look is right, a real server shows.
import { expect, it, vi } from 'vitest';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { better } from './server-clock.js';

it('believes the look that took the shortest, until it is old or the clock was set', () => {
  const kept = { offsetMs: 100, roundTripMs: 10, at: 0 };
  expect(better(undefined, kept)).toBe(kept);
  expect(better(kept, { offsetMs: 140, roundTripMs: 90, at: 1_000 })).toBe(kept);
  const shorter = { offsetMs: 98, roundTripMs: 5, at: 1_000 };
  expect(better(kept, shorter)).toBe(shorter);
  const set = { offsetMs: 600_100, roundTripMs: 90, at: 1_000 };
  expect(better(kept, set)).toBe(set);
  const later = { offsetMs: 101, roundTripMs: 30, at: 200_000 };
  expect(better(kept, later)).toBe(later);
});

describeOnServer('the server clock', (suite) => {
  it('is told by a process whose own clock is ten minutes wrong', async () => {
    const right = Date.now;
    const wrong = vi.spyOn(Date, 'now').mockImplementation(() => right() + 600_000);
    try {
      const bus = await suite.connect();
      await until('the right time', () => Math.abs(bus.now() - right()) < 5_000);
    } finally {
      wrong.mockRestore();
    }
  });
});
