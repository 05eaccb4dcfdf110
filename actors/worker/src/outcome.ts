// From what a handler returned to the outcome that is claimed. Pure.
import { checkMessage, InvalidMessage, type Outcome, outcomeSchema } from '@cortex/schemas';
import type { Job, JobResult } from './job.js';
import { ERROR_LENGTH } from './verdict.js';

/** Fields only the worker may set: what a handler says about them is left out. */
const OWN = ['task', 'master', 'worker', 'attempt', 'revision', 'finished_at'] as const;

/** The outcome of a job. A result that does not fit the schema becomes `failed`, with the field named. */
export function outcomeOf(job: Job, result: JobResult, startedAt: number, now = Date.now()): Outcome {
  const own = {
    task: job.task.id,
    master: job.master,
    worker: job.worker,
    attempt: job.attempt,
    ...(job.revision === undefined ? {} : { revision: job.revision }),
    finished_at: new Date(now).toISOString(),
  };
  const minutes = (now - startedAt) / 60_000;
  try {
    // A result that is no JSON (a cycle, a bigint) would otherwise fail at the moment of publishing.
    JSON.stringify(result);
  } catch (error) {
    return { ...own, minutes, status: 'failed', success: false, error: `the handler's result is not JSON: ${error}` };
  }
  try {
    return checkMessage('result', outcomeSchema, {
      minutes,
      status: 'completed',
      ...bounded(result),
      ...own,
    });
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error;
    return { ...own, minutes, status: 'failed', success: false, error: `the handler's ${error.message}` };
  }
}

/** The least an outcome must say, for when the whole is larger than a message may be. */
export function slimOutcome(outcome: Outcome, why: string): Outcome {
  const { task, status, master, worker, attempt, revision, finished_at, success, minutes, tokens, cost_usd, quality } =
    outcome;
  const kept = {
    task,
    status,
    master,
    worker,
    attempt,
    revision,
    finished_at,
    success,
    minutes,
    tokens,
    cost_usd,
    quality,
  };
  const error = typeof outcome.error === 'string' ? outcome.error.slice(0, ERROR_LENGTH) : outcome.error;
  return { ...(JSON.parse(JSON.stringify(kept)) as Outcome), ...(error == null ? {} : { error }), left_out: why };
}

/** One claim a delivery: published again after a lost acknowledgement it is stored once. */
export function outcomeId(outcome: Outcome): string {
  return `outcome-${outcome.task}-${outcome.revision ?? 0}-${outcome.attempt ?? 0}`;
}

function bounded(result: JobResult): JobResult {
  const kept = { ...result };
  for (const field of OWN) delete kept[field];
  for (const [field, value] of Object.entries(kept)) if (value === undefined) delete kept[field];
  if (typeof kept.error === 'string') kept.error = kept.error.slice(0, ERROR_LENGTH);
  return kept;
}
