// A training in the process of whoever wants it: the stages of a trainer's job, under the same lease, without a message or a document.
// The one thing to know: it does not outlive its process. What dies with it is begun again by whoever asks again.
import type { JobState, TrainJob } from '@cortex/schemas';
import { trainedFamily } from '../family/families.js';
import { JobFolder } from './folder.js';
import type { Lease, Leases } from './lease.js';
import { type GivenRows, type Hand, type Performed, perform } from './perform.js';
import { tellTrained } from './tell.js';
import type { Workshop } from './workshop.js';

const BUSY_MS = 500;

export interface HereOptions {
  readonly leases: Leases;
  /** Learn from these; default: from the log and the recorder's files, as a trainer does. */
  readonly rows?: GivenRows;
  readonly onProgress?: (stage: string, share: number) => void;
  /** Called once when somebody else trains the family and it has to wait. */
  readonly onWait?: () => void;
  readonly signal: AbortSignal;
}

/**
 * Trains and publishes a version. `job.options.announce: false` keeps deployers from trying it out.
 * @throws NotTrainable, LeaseLost, the signal's reason, and what `perform` throws.
 */
export async function trainHere(
  shop: Workshop,
  job: TrainJob,
  { leases, rows, signal, ...options }: HereOptions,
): Promise<Performed> {
  const family = trainedFamily(job.family);
  const lease = await waitFor(leases, family, job.id, signal, options.onWait);
  const folder = await JobFolder.open(shop.runs, job.id);
  try {
    const both = AbortSignal.any([signal, lease.lost]);
    const done = await perform(shop, handInMemory(job, options.onProgress), family, both, rows);
    if (job.options.announce !== false) await tellTrained(shop, job, family, done);
    if (!rows) await shop.board.setLast(family, { job: job.id, at: new Date().toISOString(), until: done.rows.until });
    return done;
  } finally {
    await folder.tidy();
    await lease.release();
  }
}

async function waitFor(
  leases: Leases,
  family: string,
  job: string,
  signal: AbortSignal,
  onWait?: () => void,
): Promise<Lease> {
  for (let waits = false; ; waits = true) {
    signal.throwIfAborted();
    const lease = await leases.take(family, job);
    if (lease) return lease;
    if (!waits) onWait?.();
    await new Promise((go) => setTimeout(go, BUSY_MS));
  }
}

function handInMemory(job: TrainJob, onProgress?: (stage: string, share: number) => void): Hand {
  let state: JobState = { job, state: 'running', attempt: 1, at: new Date().toISOString() };
  return {
    get state() {
      return state;
    },
    async change(fields) {
      state = { ...state, ...fields, at: new Date().toISOString() };
      if (state.stage !== undefined) onProgress?.(state.stage, Math.min(0.999, state.share ?? 0));
    },
  };
}
