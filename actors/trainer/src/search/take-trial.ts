// One delivery of a trial: the network learns in a child process, its held-out loss is told after each pass, and it stops when others do better.
import { type Delivery, RetryLater } from '@cortex/bus';
import { worthGoingOn } from '@cortex/models';
import { decodeMessage, type TrialState, trialJobSchema, trialStateSchema } from '@cortex/schemas';
import { runChild, TrainingDied } from '../family/child.js';
import { HELD_OUT } from '../family/trial.js';
import { FINISHED } from '../job/board.js';
import { JobFolder } from '../job/folder.js';
import { collect, isFinal } from '../job/perform.js';
import type { Workshop } from '../job/workshop.js';
import { trialKey, trialsOf } from './search.js';

export interface TakeTrialOptions {
  readonly shop: Workshop;
  readonly maxAttempts: number;
  /** Aborts when the actor stops: the trial is given back. */
  readonly stopping: AbortSignal;
}

class NotWorthIt extends Error {}
class SearchOver extends Error {}

export function trialTaker({ shop, maxAttempts, stopping }: TakeTrialOptions): (delivery: Delivery) => Promise<void> {
  const { board } = shop;
  return async (delivery) => {
    const { search, number } = decodeMessage('trial job', trialJobSchema, delivery.data);
    const job = await board.read(search);
    const key = trialKey(search, number);
    const change = (fields: (now: TrialState) => Partial<TrialState> | undefined) =>
      board.documents.change(key, trialStateSchema, (now) => {
        const changed = now && !isClosed(now) ? fields(now) : undefined;
        return now && changed ? { ...now, ...changed, at: new Date().toISOString() } : undefined;
      });
    const before = (await board.documents.read(key, trialStateSchema))?.value;
    if (!job || !before || isClosed(before)) return;
    if (FINISHED.has(job.state) || job.until === undefined) {
      await change(() => ({ state: 'stopped', error: 'the search is over' }));
      return;
    }
    const begun = await change((now) => ({
      state: 'running',
      by: shop.bus.instance,
      // Begun again from the first pass: what the one before told does not count twice.
      values: [],
      attempt: Number(now.attempt ?? 0) + 1,
    }));
    if (begun && Number(begun.attempt) > maxAttempts) {
      await change(() => ({ state: 'failed', error: `its trainers died of it ${maxAttempts} times` }));
      return;
    }
    const stop = new AbortController();
    const values: number[] = [];
    let telling: Promise<void> = Promise.resolve();
    const tell = async () => {
      const state = await board.read(search);
      if (!state || FINISHED.has(state.state) || (await board.cancelledBy(search)))
        return stop.abort(new SearchOver('the search is over'));
      const now = [...values];
      await change(() => ({ values: now, best: Math.min(...now) }));
      const others = (await trialsOf(shop, search)).filter((t) => t.number !== number).map((t) => t.values);
      if (!worthGoingOn(now, others)) stop.abort(new NotWorthIt('others were better at the same pass'));
    };
    try {
      const folder = await JobFolder.open(shop.runs, search);
      const signal = AbortSignal.any([stopping, stop.signal]);
      await collect(shop, job.job, job.until, 'router', folder, signal);
      await runChild(
        {
          kind: 'trial',
          rows: folder.rows,
          masters: folder.masters,
          encoder: shop.encoder,
          ...(shop.vectors === undefined ? {} : { vectors: shop.vectors }),
          seed: job.job.seed,
          training: { ...job.job.options.training, ...before.params },
        },
        {
          onPoint(tag, value) {
            if (tag !== HELD_OUT) return;
            values.push(value);
            telling = telling.then(tell).catch(() => undefined);
          },
          signal,
        },
      );
      await telling;
      await change(() => ({
        state: values.length > 0 ? 'done' : 'failed',
        values,
        ...(values.length > 0 ? { best: Math.min(...values) } : { error: 'it told no held-out loss' }),
      }));
    } catch (error) {
      await telling;
      if (error instanceof NotWorthIt || error instanceof SearchOver)
        await change(() => ({ state: 'stopped', error: error.message }));
      else if (stopping.aborted) {
        await change((now) => ({ state: 'asked', attempt: Number(now.attempt ?? 1) - 1 }));
        throw new RetryLater('this trainer stops', 1);
      } else if (error instanceof TrainingDied) throw new RetryLater(error.message, 1_000);
      else if (isFinal(error)) await change(() => ({ state: 'failed', error: error.message }));
      else throw error;
    }
  };
}

const isClosed = ({ state }: TrialState) => state === 'done' || state === 'stopped' || state === 'failed';
