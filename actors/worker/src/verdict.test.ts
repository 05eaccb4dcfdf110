import { describe, expect, it } from 'vitest';
import type { StopReason } from './job.js';
import { type Ending, verdictOf } from './verdict.js';

const returned: Ending = { kind: 'returned', result: { tokens: 7 } };
const threw: Ending = { kind: 'threw', error: new Error('disk full'), retry: undefined };
const threwRetryable: Ending = { kind: 'threw', error: new Error('busy'), retry: { afterMs: 500 } };
const leftBehind: Ending = { kind: 'left-behind' };
const endings = [returned, threw, threwRetryable, leftBehind];

describe('what becomes of a delivery', () => {
  it('reports a result as it is and a throw as failed with its text', () => {
    expect(verdictOf(returned, undefined, '', false)).toEqual({ do: 'report', result: { tokens: 7 } });
    expect(verdictOf(threw, undefined, '', false)).toEqual({
      do: 'report',
      result: { status: 'failed', success: false, error: 'disk full' },
    });
  });

  it('gives a retryable failure back, and reports it as failed and dead on the last delivery', () => {
    expect(verdictOf(threwRetryable, undefined, '', false)).toEqual({ do: 'give-back', delayMs: 500 });
    const last = verdictOf(threwRetryable, undefined, '', true);
    expect(last).toMatchObject({ do: 'report', result: { status: 'failed', error: 'busy' } });
    expect(last.do === 'report' && last.dead?.message).toBe('busy');
  });

  it('never reports what nobody wants any more, however the handler ended', () => {
    for (const why of ['cancelled', 'expired', 'settled', 'superseded'] as StopReason[])
      for (const ending of endings) expect(verdictOf(ending, why, '', false)).toEqual({ do: 'skip' });
  });

  it('fails what broke its time limit, keeping what is known of it', () => {
    for (const ending of endings)
      expect(verdictOf(ending, 'time-limit', 'too long', false)).toMatchObject({
        do: 'report',
        result: { status: 'failed', success: false, error: 'too long' },
      });
    expect(verdictOf(returned, 'time-limit', 'too long', false)).toMatchObject({ result: { tokens: 7 } });
  });

  it('gives back at once what a stopping worker could not finish, but never buries it on the last delivery', () => {
    expect(verdictOf(threw, 'draining', 'stopped', false)).toEqual({ do: 'give-back', delayMs: 1 });
    expect(verdictOf(leftBehind, 'draining', 'stopped', false)).toEqual({ do: 'give-back', delayMs: 1 });
    expect(verdictOf(returned, 'draining', 'stopped', false)).toMatchObject({ do: 'report' });
    expect(verdictOf(threw, 'draining', 'stopped', true)).toMatchObject({ do: 'report', result: { status: 'failed' } });
  });

  it('touches nothing after a lost lease, unless the work was done', () => {
    expect(verdictOf(threw, 'lease-lost', '', false)).toEqual({ do: 'drop' });
    expect(verdictOf(leftBehind, 'lease-lost', '', false)).toEqual({ do: 'drop' });
    expect(verdictOf(returned, 'lease-lost', '', false)).toMatchObject({ do: 'report', result: { tokens: 7 } });
  });
});
