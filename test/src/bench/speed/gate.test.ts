import { expect, it } from 'vitest';
import { ALLOWANCE, judge } from './gate.js';
import { ratioOf } from './side.js';

it('lets noise pass, and finds what has become several times as dear', () => {
  const kept = { 'a decision': 4 };
  const worse = (ratio: number) => judge({ 'a decision': ratio }, kept).some((verdict) => verdict.worse);
  expect(worse(4 * 1.4)).toBe(false);
  expect(worse(2)).toBe(false);
  expect(worse(4 * ALLOWANCE + 0.01)).toBe(true);
});

it('is red for what could not be measured', () => {
  expect(judge({}, { 'a decision': 4 })[0]?.worse).toBe(true);
  expect(judge({ 'a decision': Number.NaN }, { 'a decision': 4 })[0]?.worse).toBe(true);
});

it('compares turn by turn, so that a slow minute counts for both sides', () => {
  expect(ratioOf([2, 20, 4], [1, 10, 2]).ratio).toBe(2);
});
