import { expect, it } from 'vitest';
import { newRests, restedWorkers, setAside } from './rests.js';

const REST = 30_000;

it('a worker that was set aside goes on after its rest, and rests twice as long each time it must be set aside again', () => {
  const rests = newRests();
  const resting = new Set(['w']);
  setAside(rests, 'w', 'act-1', REST, 0);
  expect(restedWorkers(rests, resting, REST - 1)).toEqual([]);
  expect(restedWorkers(rests, resting, REST)).toEqual([{ worker: 'w', act: 'act-1' }]);
  setAside(rests, 'w', 'act-2', REST, REST + 5_000);
  expect(restedWorkers(rests, resting, REST + 5_000 + 2 * REST - 1)).toEqual([]);
  expect(restedWorkers(rests, resting, REST + 5_000 + 2 * REST)).toEqual([{ worker: 'w', act: 'act-2' }]);
});

it('one that was well for long rests as if it were the first time; one that does not rest any more is told nothing', () => {
  const rests = newRests();
  setAside(rests, 'w', 'act-1', REST, 0);
  expect(restedWorkers(rests, new Set(), 2 * REST)).toEqual([]);
  setAside(rests, 'w', 'act-2', REST, 100 * REST);
  expect(restedWorkers(rests, new Set(['w']), 101 * REST)).toEqual([{ worker: 'w', act: 'act-2' }]);
});
