import type { LogRecord } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { standingOf } from './standing.js';

const record = (fields: Partial<LogRecord>): LogRecord =>
  ({
    record: 'r',
    step: 'decided',
    revision: 3,
    at: '',
    by: '',
    task: { id: 't', priority: 'low' },
    ...fields,
  }) as LogRecord;
const work = { sequence: 10, revision: 2, attempt: 2 };

describe('the standing of a piece of work', () => {
  it('is wanted while its own record is the last', () => {
    expect(standingOf({ record: record({ revision: 2 }), sequence: 10 }, work)).toBe('wanted');
  });

  it('is over once the task is settled, cancelled or expired', () => {
    for (const step of ['settled', 'cancelled', 'expired'] as const) {
      expect(standingOf({ record: record({ step }), sequence: 11 }, work)).toBe(step);
      expect(standingOf({ record: record({ step: 'corrected', settled_as: step }), sequence: 12 }, work)).toBe(step);
    }
  });

  it('is superseded by a newer decision, and by a log that has forgotten the task', () => {
    expect(standingOf({ record: record({}), sequence: 11 }, work)).toBe('superseded');
    expect(standingOf(undefined, work)).toBe('superseded');
  });

  it('is superseded once a later attempt was announced, and wanted by that attempt', () => {
    const announced = (attempts: number) => ({
      record: record({ step: 'escalated', decided_revision: 2, attempts }),
      sequence: 11,
    });
    expect(standingOf(announced(3), work)).toBe('superseded');
    expect(standingOf(announced(2), work)).toBe('wanted');
  });

  it('stays wanted after a correction or an escalation that left its decision in force', () => {
    const corrected = record({ step: 'corrected', decided_revision: 2 });
    expect(standingOf({ record: corrected, sequence: 11 }, work)).toBe('wanted');
    expect(standingOf({ record: record({ step: 'corrected', decided_revision: 3 }), sequence: 11 }, work)).toBe(
      'superseded',
    );
  });
});
