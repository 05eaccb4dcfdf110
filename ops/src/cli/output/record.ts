// One step of a task's life in a line of words.
import type { Decision, LogRecord } from '@cortex/schemas';
import type { Colours } from './colours.js';
import { duration } from './moments.js';
import { percent, shorten } from './words.js';

/** `93 % sure, by ensemble, 12 ms`. Where a person is asked, or has said so, a share would only mislead. */
export function howDecided(decision: Decision): string {
  const time = duration(decision.latency_ms);
  if (decision.review) return `unsure: a person is asked, ${time}`;
  if (decision.method === 'human') return 'by a person';
  if (decision.method === 'pinned') return `pinned, ${time}`;
  return `${percent(decision.confidence)} sure, by ${decision.method}, ${time}`;
}

/** What happened in a step, without its name and time. */
export function stepWords(record: LogRecord): string {
  const { decision, outcome, correction } = record;
  switch (record.step) {
    case 'decided':
      return decision ? howDecided(decision) : '';
    case 'settled': {
      if (!outcome) return '';
      const facts = [
        outcome.status,
        outcome.success === false && outcome.status === 'completed' ? 'goal not reached' : '',
        outcome.worker ? `by ${outcome.worker}` : '',
        outcome.minutes === undefined ? '' : duration(outcome.minutes * 60_000),
        outcome.tokens === undefined ? '' : `${outcome.tokens.toLocaleString('en-US')} tokens`,
        outcome.attempt === undefined || outcome.attempt === 1 ? '' : `attempt ${outcome.attempt}`,
        outcome.error ? `error: ${shorten(outcome.error, 160)}` : '',
      ];
      return facts.filter((fact) => fact !== '').join(', ');
    }
    case 'corrected':
      return correction ? `belongs to ${correction.master}${correction.by ? `, says ${correction.by}` : ''}` : '';
    case 'admitted':
      return record.task.text === undefined ? '' : shorten(record.task.text, 80);
    default:
      return record.reason ? shorten(record.reason, 200) : '';
  }
}

/** The master a step is about. */
export function masterOf(record: LogRecord): string {
  if (record.step === 'settled' && record.outcome?.master) return record.outcome.master;
  return record.decision?.master ?? (typeof record.task.master === 'string' ? record.task.master : '');
}

export function paintStep(step: string, c: Colours, record?: LogRecord): string {
  if (step === 'settled') return record?.outcome?.status === 'failed' ? c.red(step) : c.green(step);
  if (step === 'decided') return c.cyan(step);
  if (step === 'cancelled' || step === 'expired' || step === 'escalated') return c.yellow(step);
  return step;
}
