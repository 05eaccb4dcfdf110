import { expect, it } from 'vitest';
import { attempted, probed, rested, trip } from './breaker.js';

const LIMITS = { restMs: 30_000, probes: 3 };

it('a broken master rests, is tried out by three tasks, and is back when all three succeed', () => {
  const breaker = trip(undefined, 'security', LIMITS, 0);
  expect(rested(breaker, 29_000)).toBeUndefined();
  expect(rested(breaker, 30_000)).toMatchObject({ move: 'try' });
  expect(probed(breaker, 'a', LIMITS)).toBeUndefined();
  expect(probed(breaker, 'b', LIMITS)).toBeUndefined();
  expect(probed(breaker, 'c', LIMITS)).toMatchObject({ move: 'hold' });
  expect(probed(breaker, 'd', LIMITS)).toBeUndefined();
  expect(attempted(breaker, 'a', true, LIMITS, 40_000)).toBeUndefined();
  expect(attempted(breaker, 'x', true, LIMITS, 40_000)).toBeUndefined();
  expect(attempted(breaker, 'b', true, LIMITS, 41_000)).toBeUndefined();
  expect(attempted(breaker, 'c', true, LIMITS, 42_000)).toMatchObject({ move: 'close' });
});

it('one failed trial opens it again for twice as long, and every failed attempt is counted', () => {
  const breaker = trip(undefined, 'security', LIMITS, 0);
  attempted(breaker, 'before', false, LIMITS, 1);
  rested(breaker, 30_000);
  for (const task of ['a', 'b', 'c']) probed(breaker, task, LIMITS);
  attempted(breaker, 'a', true, LIMITS, 31_000);
  expect(attempted(breaker, 'b', false, LIMITS, 32_000)).toMatchObject({ move: 'pause' });
  expect(breaker).toMatchObject({ state: 'open', trips: 2, restMs: 60_000, failures: 2 });
  expect(attempted(breaker, 'c', false, LIMITS, 33_000)).toBeUndefined();
  expect(breaker.failures).toBe(3);
  expect(rested(breaker, 91_000)).toBeUndefined();
  expect(rested(breaker, 92_000)).toMatchObject({ move: 'try' });
});

it('never rests longer than ten minutes', () => {
  let breaker = trip(undefined, 'security', LIMITS, 0);
  for (let i = 0; i < 20; i++) breaker = trip(breaker, 'security', LIMITS, i);
  expect(breaker.restMs).toBe(600_000);
});

it('does not wait for ever for a trial that was cancelled or ended unseen: others try the master out, and an old failure still counts', () => {
  const breaker = trip(undefined, 'security', LIMITS, 0);
  rested(breaker, 30_000);
  for (const task of ['a', 'b', 'c']) probed(breaker, task, LIMITS);
  for (const task of ['a', 'b']) attempted(breaker, task, true, LIMITS, 35_000);
  expect(rested(breaker, 30_000)).toBeUndefined();
  expect(rested(breaker, 89_000)).toBeUndefined();
  expect(rested(breaker, 90_000)).toMatchObject({ move: 'try', why: expect.stringMatching(/not ended/) });
  expect(probed(breaker, 'd', LIMITS)).toBeUndefined();
  const unlucky = structuredClone(breaker);
  expect(attempted(breaker, 'd', true, LIMITS, 91_000)).toMatchObject({ move: 'close' });
  expect(attempted(unlucky, 'c', false, LIMITS, 91_000)).toMatchObject({ move: 'pause' });
  expect(unlucky).toMatchObject({ state: 'open', trips: 2 });
});

it('lets no more through in each trial than may try it out', () => {
  const breaker = trip(undefined, 'security', LIMITS, 0);
  rested(breaker, 30_000);
  for (const task of ['a', 'a', 'b']) expect(probed(breaker, task, LIMITS)).toBeUndefined();
  expect(probed(breaker, 'c', LIMITS)).toMatchObject({ move: 'hold' });
  for (const now of [30_000, 90_000]) rested(breaker, now);
  for (const task of ['d', 'e']) expect(probed(breaker, task, LIMITS)).toBeUndefined();
  expect(probed(breaker, 'f', LIMITS)).toMatchObject({ move: 'hold' });
});
