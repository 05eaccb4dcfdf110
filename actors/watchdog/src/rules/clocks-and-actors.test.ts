// Faults of clocks, of repeated messages and of actors: each provoked, with its near miss beside it.
import { describe, expect, it } from 'vitest';
import { type Fleet, fleet } from '../fleet-for-tests.js';

describe('a clock', () => {
  it('that is off is found with the fourth beat', () => {
    const f = fleet();
    f.mark();
    f.pass(40, (s) => {
      if (s % 5 !== 0) return;
      f.beat('w-1', { at: f.now() + 60_000 });
      for (const w of ['w-2', 'w-3', 'w-4']) f.beat(w, { at: f.now() - 20 });
    });
    expect(f.delay('clock-skew')).toBeLessThanOrEqual(16);
    expect(f.found('clock-skew')[0]).toMatchObject({ worker: 'w-1', severity: 'critical' });
  });

  it('is our own when most others are off alike', () => {
    const f = fleet();
    f.pass(40, (s) => void (s % 5 === 0 && ['a', 'b', 'c'].forEach((w) => void f.beat(w, { at: f.now() - 9_000 }))));
    expect(f.found('clock-skew')[0]?.target).toBe('clock:watchdog');
  });
});

it('a clock that is off by less, or beats that come late now and then, are no skew', () => {
  const f = fleet();
  f.pass(120, (s) => {
    if (s % 5 !== 0) return;
    f.beat('w-1', { at: f.now() - 4_900 });
    // A connection that stalls for ten seconds: three beats come at once.
    if (s % 40 === 25) for (const late of [10_000, 5_000]) f.beat('w-2', { at: f.now() - late });
    if (s % 40 !== 15 && s % 40 !== 20) f.beat('w-2', { at: f.now() - 10 });
  });
  expect(f.found('clock-skew')).toEqual([]);
});

describe('a replay', () => {
  it('is found with the fifth repetition, of beats, claims or tasks', () => {
    for (const again of [
      (f: Fleet) => f.beat('w-1', { at: Date.parse('2026-11-22T12:00:05Z') }),
      (f: Fleet) => f.say({ kind: 'claim', task: 't-1', worker: 'w-1', status: 'completed', attempt: 1, evidence: 0 }),
      (f: Fleet) => f.say({ kind: 'submit', task: 't-1' }),
    ]) {
      const f = fleet();
      f.pass(5);
      for (let i = 0; i < 4; i++) again(f);
      f.pass(1);
      expect(f.found('replay')).toEqual([]);
      for (let i = 0; i < 2; i++) again(f);
      f.pass(1);
      expect(f.found('replay')).toHaveLength(1);
    }
  });
});

describe('a wedged actor', () => {
  const wedged = (f: Fleet, delivered: (s: number) => number) =>
    f.pass(60, (s) => {
      f.presence('coordinator-1');
      if (s % 5 === 0)
        f.backlog({
          stream: 'TASKS',
          consumer: 'coordinator',
          actor: 'coordinator',
          pending: 9,
          delivered: delivered(s),
        });
    });

  it('is found 15 s after its consumer stopped moving', () => {
    const f = fleet();
    wedged(f, (s) => s);
    f.mark();
    wedged(f, () => 55);
    expect(f.delay('wedged-actor')).toBeLessThanOrEqual(21);
    expect(f.found('wedged-actor')[0]).toMatchObject({ actor: 'coordinator', instance: 'coordinator-1' });
  });

  it('is not found of one that works, nor of one that is not there', () => {
    const f = fleet();
    wedged(f, (s) => s);
    f.pass(10);
    f.pass(
      60,
      (s) => void (s % 5 === 0 && f.backlog({ stream: 'ASKS', consumer: 'router', actor: 'router', pending: 9 })),
    );
    expect(f.found('wedged-actor')).toEqual([]);
  });
});
