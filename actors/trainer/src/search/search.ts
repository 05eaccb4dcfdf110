// A hyper-parameter search whose trials run on whichever trainer is free.
// The one thing to know: everything about it lies in documents, so a search whose trainer was killed goes on where it was.
import { publish } from '@cortex/bus';
import { propose, seededRandom, type Tried } from '@cortex/models';
import { EVENT_TYPES, type TrainJob, type TrialState, trialStateSchema } from '@cortex/schemas';
import { TrainingDataError } from '../family/train-family.js';
import { ROUTER_SPACE } from '../family/trial.js';
import type { Workshop } from '../job/workshop.js';

/** Trials that wait or run at a time: enough for a few trainers, few enough that each proposal knows of most others. */
const AT_ONCE = 4;
const LOOK_MS = 500;

export const trialKey = (search: string, number: number) => `trial.${search}.${String(number).padStart(4, '0')}`;

/** All trials of a search, in their order. */
export async function trialsOf({ board }: Pick<Workshop, 'board'>, search: string): Promise<TrialState[]> {
  const keys = await board.documents.keys(`trial.${search}.*`);
  const stored = await Promise.all(keys.map((key) => board.documents.read(key, trialStateSchema)));
  return stored.flatMap((s) => (s ? [s.value] : [])).sort((a, b) => a.number - b.number);
}

/** The best hyper-parameters found, after `job.options.tune` trials. @throws TrainingDataError when no trial could be run. */
export async function search(
  shop: Workshop,
  job: TrainJob,
  onProgress: (share: number) => Promise<void>,
  signal: AbortSignal,
): Promise<TrialState> {
  const wanted = job.options.tune ?? 0;
  let said = -1;
  for (let first = true; ; first = false) {
    signal.throwIfAborted();
    let trials = await trialsOf(shop, job.id);
    const open = trials.filter(isOpen);
    // Their messages may have been lost with whoever asked; doing a trial twice is prevented by its document.
    if (first) for (const trial of open) await ask(shop, job, trial.number);
    while (trials.length < wanted && trials.filter(isOpen).length < AT_ONCE) {
      const number = trials.length;
      const params = propose(ROUTER_SPACE, trials.map(triedOf), seededRandom(job.seed * 10_007 + number));
      const trial: TrialState = { number, params, state: 'asked', values: [], at: new Date().toISOString() };
      await shop.board.documents.change(trialKey(job.id, number), trialStateSchema, (now) => (now ? undefined : trial));
      await ask(shop, job, number);
      trials = [...trials, trial];
    }
    const closed = trials.length - trials.filter(isOpen).length;
    if (closed !== said) await onProgress(closed / wanted);
    said = closed;
    if (closed >= wanted) return bestOf(trials);
    await sleep(LOOK_MS, signal);
  }
}

/** Lowest loss among those that went to their end; among all, if none did. */
export function bestOf(trials: readonly TrialState[]): TrialState {
  const told = trials.filter((t) => t.best !== undefined);
  const whole = told.filter((t) => t.state === 'done');
  const [best] = [...(whole.length > 0 ? whole : told)].sort((a, b) => (a.best as number) - (b.best as number));
  if (!best)
    throw new TrainingDataError(
      `none of ${trials.length} trials could be run: ${trials.find((t) => t.error)?.error ?? 'no reason was given'}`,
    );
  return best;
}

const isOpen = ({ state }: TrialState) => state === 'asked' || state === 'running';

function triedOf({ params, state, best }: TrialState): Tried {
  return {
    params,
    state: state === 'asked' || state === 'running' ? 'pending' : state,
    // What a trial has reached so far says nothing yet about where it ends.
    ...(best === undefined || state === 'asked' || state === 'running' ? {} : { value: best }),
  };
}

async function ask({ bus }: Workshop, job: TrainJob, number: number): Promise<void> {
  await publish(
    bus,
    bus.subjects.job('trial'),
    { search: job.id, number, at: new Date().toISOString() },
    { type: EVENT_TYPES.job, id: `trial-${job.id}-${number}` },
  );
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
