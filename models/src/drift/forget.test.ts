import { expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { changedMasters, changePoint, forgetChanged } from './index.js';

it('finds when a rate changed to within a few rows, and nothing where it did not', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const series = Array.from({ length: 200 }, (_, i) => (random() < (i < 120 ? 0.2 : 0.8) ? 1 : 0));
    expect(Math.abs((changePoint(series) ?? 0) - 120)).toBeLessThan(20);
    const same = Array.from({ length: 200 }, () => (random() < 0.3 ? 1 : 0));
    expect(changePoint(same)).toBeUndefined();
  }
  expect(changePoint([])).toBeUndefined();
});

it('forgets what the masters that changed were right for before, and keeps all else', () => {
  const outcomes = Array.from({ length: 200 }, (_, at) => ({
    master: at % 2 === 0 ? 'a' : 'b',
    at,
    // a fails from 100 on; b gets better, which is no reason to forget.
    failed: at % 2 === 0 ? Number(at >= 100) : Number(at < 100),
  }));
  const changed = changedMasters(outcomes);
  expect([...changed]).toEqual([['a', 100]]);
  const rows = [
    { label: 'a', at: 50 },
    { label: 'a', at: 150 },
    { label: 'a' },
    { label: 'b', at: 50 },
    { label: null, at: 1 },
  ];
  expect(forgetChanged(rows, changed)).toEqual([rows[1], rows[3], rows[4]]);
});
