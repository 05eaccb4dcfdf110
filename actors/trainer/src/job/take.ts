// One delivery of a job: may it begin, who else is at it, how does it end.
// The one thing to know: nothing about data or models ends in DEAD; a job that cannot succeed ends as `failed`, with its reason.
import { count, type Delivery, RetryLater, record } from '@cortex/bus';
import { decodeMessage, type TrainJob, trainJobSchema } from '@cortex/schemas';
import { TrainingDied } from '../family/child.js';
import { NotTrainable, type TrainedFamily, trainedFamily } from '../family/families.js';
import { lastOfLog } from '../rows/collect.js';
import { type Claim, FINISHED } from './board.js';
import { Outrun } from './documents.js';
import { JobFolder } from './folder.js';
import { LeaseLost, type Leases } from './lease.js';
import { isFinal, type Performed, perform } from './perform.js';
import { tell, tellTrained } from './tell.js';
import type { Workshop } from './workshop.js';

const BUSY_MS = 1_000;

export interface TakeOptions {
  readonly shop: Workshop;
  readonly leases: Leases;
  readonly maxAttempts: number;
  /** Aborts when the actor stops: the job is given back. */
  readonly stopping: AbortSignal;
}

class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export function jobTaker(options: TakeOptions): (delivery: Delivery) => Promise<void> {
  const { shop, leases, stopping } = options;
  const { board } = shop;
  return async (delivery) => {
    const job = decodeMessage('train job', trainJobSchema, delivery.data);
    // A message from elsewhere has no document yet.
    await board.queue(job);
    const state = await board.read(job.id);
    if (state && FINISHED.has(state.state)) return;
    const family = familyOrNone(job.family);
    if (!family) return fail(await begin(job), new NotTrainable(job.family).message);
    const by = await board.cancelledBy(job.id);
    if (by !== undefined) return end(await begin(job), 'cancelled', `cancelled by ${by}`);
    const lease = await leases.take(family, job.id);
    if (!lease) throw new RetryLater(`another job trains the ${family}`, BUSY_MS);
    try {
      await work(await begin(job), family, lease.lost);
    } finally {
      await lease.release();
    }
  };

  async function begin(job: TrainJob): Promise<Claim | undefined> {
    try {
      return await board.claim(job);
    } catch (error) {
      if (error instanceof Outrun) throw new RetryLater(error.message, BUSY_MS);
      throw error;
    }
  }

  async function work(claim: Claim | undefined, family: TrainedFamily, lost: AbortSignal): Promise<void> {
    if (!claim) return;
    const { job, attempt = 1 } = claim.state;
    if (attempt > options.maxAttempts)
      return fail(claim, `its trainers died of it ${options.maxAttempts} times: too little memory, most likely`);
    const cancelled = new AbortController();
    const endWatch = await board.onCancel(job.id, (by) => cancelled.abort(new Cancelled(`cancelled by ${by}`)));
    const signal = AbortSignal.any([stopping, lost, cancelled.signal]);
    try {
      await finish(claim, family, await perform(shop, claim, family, signal));
    } catch (error) {
      if (error instanceof Cancelled) await end(claim, 'cancelled', error.message);
      else if (stopping.aborted && error === stopping.reason) {
        // Not its fault: this beginning does not count.
        await claim.change({ state: 'queued', attempt: attempt - 1 });
        throw new RetryLater('this trainer stops', 1);
      } else if (error instanceof Outrun || error instanceof LeaseLost)
        throw new RetryLater(`another trainer has it: ${error.message}`, BUSY_MS);
      else if (error instanceof TrainingDied && attempt < options.maxAttempts) {
        shop.say('a training died; it is begun again', { job: job.id, error: error.message, attempt });
        throw new RetryLater(error.message, BUSY_MS);
      } else if (isFinal(error) || error instanceof TrainingDied) await fail(claim, error.message);
      else throw error;
    } finally {
      endWatch();
    }
  }

  async function finish(claim: Claim, family: TrainedFamily, { version, facts, rows }: Performed): Promise<void> {
    const { job } = claim.state;
    const { metrics, seconds, notes } = facts;
    const report = { ...claim.state.report, ...rows.report, left_out: rows.left_out, metrics, seconds, notes };
    if (job.options.announce !== false) await tellTrained(shop, job, family, { version, facts, rows });
    await board.setLast(family, {
      job: job.id,
      at: new Date().toISOString(),
      until: rows.until,
    });
    await claim.change({ state: 'done', version, report, stage: 'done', share: 1 });
    count('trainings', { family, result: 'done' });
    record('trainingDuration', seconds, { family, result: 'done' });
    await (await JobFolder.open(shop.runs, job.id)).tidy();
    shop.say(`trained the ${family}: ${version}`, { job: job.id, rows: rows.report.kept });
  }

  async function fail(claim: Claim | undefined, reason: string): Promise<void> {
    await end(claim, 'failed', reason);
  }

  async function end(claim: Claim | undefined, state: 'failed' | 'cancelled', reason: string): Promise<void> {
    if (!claim) return;
    const { job, until } = claim.state;
    await tell(shop, job.family, state, job.id, { reason, job: job.id, requested_by: job.requested_by });
    // What was there is not asked for again by its volume: it would end in the same way.
    const family = familyOrNone(job.family);
    if (family)
      await board.setLast(family, {
        job: job.id,
        at: new Date().toISOString(),
        until: until ?? (await lastOfLog(shop.bus)),
      });
    await claim.change({ state, error: reason });
    count('trainings', { family: job.family, result: state });
    shop.say(`a training was not finished: ${reason}`, { job: job.id, state });
  }
}

function familyOrNone(asked: string): TrainedFamily | undefined {
  try {
    return trainedFamily(asked);
  } catch {
    return undefined;
  }
}
