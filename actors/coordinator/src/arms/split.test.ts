import { taskKey } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { assign } from './split.js';

const aliases = (share: number, challenger = 'router@8') => ({ champion: 'router@7', challenger, share, revision: 3 });
const keys = Array.from({ length: 20_000 }, (_, i) => taskKey(`task ${i}`).key);
const onTrial = (share: number, challenger?: string) =>
  new Set(keys.filter((key) => assign(key, aliases(share, challenger)).arm === 'challenger'));

it('gives the challenger its share, the same tasks each time, and more of them as it grows', () => {
  const few = onTrial(0.05);
  const more = onTrial(0.25);
  for (const [share, tasks] of [
    [0.05, few],
    [0.25, more],
  ] as const) {
    // Five standard deviations of a binomial.
    expect(Math.abs(tasks.size / keys.length - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / keys.length));
  }
  expect(onTrial(0.05)).toEqual(few);
  for (const key of few) expect(more.has(key)).toBe(true);
  expect(onTrial(0).size).toBe(0);
  expect(onTrial(1).size).toBe(keys.length);
});

it('puts the next trial on other tasks', () => {
  const next = onTrial(0.1, 'router@9');
  const both = [...onTrial(0.1)].filter((key) => next.has(key));
  expect(both.length / keys.length).toBeLessThan(0.02);
});

it('names the version and the revision it was chosen by, and is the champion where nothing is registered', () => {
  expect(assign('k', undefined)).toEqual({ arm: 'champion' });
  expect(assign('k', { share: 0, revision: 0 })).toEqual({ arm: 'champion' });
  expect(assign('k', { champion: 'router@7', share: 0, revision: 3 })).toEqual({
    arm: 'champion',
    model: 'router@7',
    revision: 3,
  });
  expect(assign('k', aliases(1))).toEqual({ arm: 'challenger', model: 'router@8', revision: 3 });
});
