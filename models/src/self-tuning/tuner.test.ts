import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import {
  observeRound,
  startTuning,
  type TuningChange,
  type TuningOptions,
  type TuningState,
  valueInUse,
} from './index.js';

const OPTIONS: TuningOptions = { values: [1, 2, 4, 8, 16], start: 2 };
const LOSS = 0.05;

/** Rounds whose reward is the value's worth and noise; the worth may change with the round. */
function run(
  worth: (value: number, round: number) => number,
  rounds: number,
  seed: number,
  noise = 0.1,
  options = OPTIONS,
) {
  const random = seededRandom(seed);
  let state: TuningState = startTuning(options);
  const changes: TuningChange[] = [];
  const used = new Map<number, number>();
  let lowest = Number.POSITIVE_INFINITY;
  let earned = 0;
  let plain = 0;
  for (let round = 0; round < rounds; round++) {
    const value = valueInUse(state, options);
    used.set(value, (used.get(value) ?? 0) + 1);
    const off = noise * (random() + random() - 1);
    const reward = Math.min(1, Math.max(0, worth(value, round) + off));
    earned += worth(value, round);
    plain += worth(options.start, round);
    if (round > 100) lowest = Math.min(lowest, earned / plain);
    const seen = observeRound(state, reward, random(), options);
    // What is stored and read again goes on alike.
    state = JSON.parse(JSON.stringify(seen.state)) as TuningState;
    if (seen.change) changes.push(seen.change);
  }
  return { value: options.values[state.base] as number, changes, used, lowest, earned: earned / plain };
}

describe('a parameter that is tuned', () => {
  const hill = (value: number) => 0.7 - 0.1 * Math.abs(Math.log2(value) - 3);

  it('climbs to the best value within bounds and stays, in nine of ten runs by then', () => {
    let best = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const { value, earned } = run(hill, 3_000, seed);
      if (value === 8) best++;
      expect(earned, `seed ${seed}`).toBeGreaterThan(1.15);
    }
    expect(best).toBeGreaterThanOrEqual(9);
  });

  it('never costs more than was allowed, also where every trial is a disaster', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { value, lowest } = run((v) => (v === 2 ? 0.6 : 0), 3_000, seed);
      expect(value).toBe(2);
      expect(lowest).toBeGreaterThan(1 - LOSS - 0.01);
    }
  });

  it('leaves alone what makes no difference: at most one run in twenty keeps another value', () => {
    let moved = 0;
    for (let seed = 1; seed <= 60; seed++) if (run(() => 0.6, 400, seed, 0.3).value !== 2) moved++;
    expect(moved).toBeLessThanOrEqual(6);
  });

  it('goes back when the world changes and the value it kept is no longer good', () => {
    const turned = (value: number, round: number) =>
      round < 1_500 ? hill(value) : 0.6 - 0.1 * Math.abs(Math.log2(value) - 1);
    const { changes, value } = run(turned, 6_000, 3);
    expect(changes.some(({ kind, to }) => kind === 'keep' && to === 8)).toBe(true);
    expect(value).toBe(2);
  });

  it('says every change with its evidence, one value after the other', () => {
    const { changes } = run(hill, 2_000, 1);
    expect(changes[0]).toMatchObject({ kind: 'try', from: 2, to: 4 });
    expect(changes[1]).toMatchObject({ kind: 'keep', from: 2, to: 4, why: 'proven better' });
    expect(changes[1]!.evidence.mean_gain).toBeGreaterThan(0.02);
    expect(changes.filter(({ kind }) => kind === 'take-back').every(({ to }) => to === 8)).toBe(true);
  });
});

it('refuses rewards and values that are none', () => {
  expect(() => observeRound(startTuning(OPTIONS), 1.5, 0, OPTIONS)).toThrow(RangeError);
  expect(() => startTuning({ values: [1, 3], start: 2 })).toThrow('2 is none of 1, 3');
  expect(() => startTuning({ values: [3, 1], start: 3 })).toThrow('do not ascend');
});
