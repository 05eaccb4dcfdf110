import { silentLogger } from '@cortex/bus';
import { outcomeSchema } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import type { Job } from './job.js';
import { outcomeId, outcomeOf, slimOutcome } from './outcome.js';

const job = {
  task: { id: 't-1', priority: 'low', text: 'x' },
  attempt: 2,
  revision: 3,
  master: 'security',
  worker: 'w-1',
  log: silentLogger,
} as unknown as Job;

describe('an outcome', () => {
  it('carries task, worker and both fences, whatever the handler says about them', () => {
    const outcome = outcomeOf(job, { task: 'other', attempt: 9, worker: 'me', revision: 9, quality: 0.5 }, 0, 60_000);
    expect(outcome).toMatchObject({
      task: 't-1',
      worker: 'w-1',
      attempt: 2,
      revision: 3,
      status: 'completed',
      quality: 0.5,
    });
    expect(outcome.minutes).toBe(1);
    expect(outcomeId(outcome)).toBe('outcome-t-1-3-2');
  });

  it('becomes failed, naming the field, when the handler returns something that does not fit', () => {
    expect(outcomeOf(job, { quality: 7 }, 0)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('quality'),
    });
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(outcomeOf(job, cycle, 0)).toMatchObject({ status: 'failed', error: expect.stringContaining('JSON') });
  });

  it('bounds the error text', () => {
    expect(outcomeOf(job, { error: 'x'.repeat(1e6) }, 0).error).toHaveLength(4_000);
  });

  it('keeps what counts when the whole is too large for a message', () => {
    const slim = slimOutcome(outcomeOf(job, { tokens: 5, output: 'x'.repeat(2e6) }, 0), 'too large');
    expect(outcomeSchema.parse(slim)).toMatchObject({
      task: 't-1',
      attempt: 2,
      revision: 3,
      tokens: 5,
      left_out: 'too large',
    });
    expect(JSON.stringify(slim).length).toBeLessThan(1_000);
  });
});
