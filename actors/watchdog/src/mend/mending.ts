// Findings in, interventions out: plans, carries out one after another, notes what was done on the alerts, moves the breakers.
import type { Logger, MasterRegistry } from '@cortex/bus';
import type { AlertChange } from '../alerts/book.js';
import { identity } from '../alerts/book.js';
import type { WatchEvent } from '../events.js';
import type { Finding } from '../finding.js';
import { type Journal, keyOf } from '../journal.js';
import type { WatchdogSettings } from '../settings.js';
import type { WatchState } from '../state.js';
import type { Breaker } from './breaker.js';
import type { Mender } from './mender.js';
import { type MendContext, moveBreakers, newMendState, planMends } from './plan.js';
import { restedWorkers, setAside } from './rests.js';
import type { ActRecord, Wanted } from './types.js';

export interface MendingOptions {
  readonly mender: Mender;
  readonly journal: Journal;
  readonly masters: MasterRegistry;
  readonly settings: () => WatchdogSettings;
  readonly state: () => WatchState;
  readonly alertOf: (finding: Finding) => string | undefined;
  /** Something was done about a finding. */
  readonly onDone: (finding: Finding | undefined, record: ActRecord | undefined, words: string) => void;
  readonly feed: (event: WatchEvent) => void;
  readonly undo: (id: string) => Promise<unknown>;
  readonly log: Logger;
}

export interface Mending {
  findings(findings: readonly Finding[], now: number): void;
  happened(event: WatchEvent, now: number): void;
  changes(changes: readonly AlertChange[]): void;
  /** Takes up what an earlier leader left: breakers, and intents. */
  takeUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Interventions under way at once: a storm of them must not wait for the slowest. */
const ABREAST = 8;

export function startMending(options: MendingOptions): Mending {
  const { mender, journal, masters, log } = options;
  const mend = newMendState();
  /** What was raised for a fault and is lowered again when it is over. */
  const passing = new Map<string, string[]>();
  const queue: Wanted[] = [];
  let running = 0;
  let stopped = false;
  const idle = new Set<() => void>();

  const breakerLimits = () => ({ restMs: options.settings().breakerRestMs, probes: options.settings().probes });
  const context = (): MendContext => {
    const { coolDownMs, mostActions, mostShare, shareMs, graceMs } = options.settings();
    return {
      state: options.state(),
      masters: masters.list(),
      limits: { coolDownMs, mostActions, mostShare, shareMs, graceMs, breaker: breakerLimits() },
      alertOf: options.alertOf,
    };
  };
  /** Targets under way: what is done to one target is done in its order. */
  const busy = new Set<string>();
  const enqueue = (wanted: readonly Wanted[]) => {
    for (const { args } of wanted)
      if (args.move === 'close') options.feed({ kind: 'proven', master: String(args.master) });
    queue.push(...wanted);
    next();
  };
  const next = () => {
    if (stopped) queue.length = 0;
    while (running < ABREAST) {
      const at = queue.findIndex(({ target }) => !busy.has(target));
      if (at < 0) break;
      void work(queue.splice(at, 1)[0] as Wanted);
    }
    if (running === 0) for (const resolve of idle) resolve();
  };
  const work = async (wanted: Wanted) => {
    running++;
    busy.add(wanted.target);
    try {
      await one(wanted);
    } catch (error) {
      log.warn('an intervention stumbled', { action: wanted.id, error: String(error) });
    } finally {
      running--;
      busy.delete(wanted.target);
      next();
    }
  };
  const one = async (wanted: Wanted) => {
    const { mode } = options.settings();
    if (mode === 'watch') return;
    if (mode === 'dry-run') {
      await mender.pretend(wanted);
      options.onDone(wanted.finding, undefined, `dry run: would ${wanted.kind} ${wanted.target}`);
      return;
    }
    if (wanted.args.move !== undefined && wanted.finding === undefined) {
      // A person may have taken the breaker away meanwhile.
      const master = String(wanted.args.master);
      if (wanted.args.move !== 'close' && !(await journal.get(keyOf('breaker', master)))) {
        mend.breakers.delete(master);
        return;
      }
    }
    const record = await mender.mend(wanted);
    if (wanted.args.master !== undefined) await keepBreaker(String(wanted.args.master));
    if (!record) return;
    if (record.state === 'done') {
      if (wanted.kind === 'rest-worker') aside(record);
      if (wanted.kind === 'set-concurrency' && wanted.finding) {
        const key = identity(wanted.finding);
        passing.set(key, [...(passing.get(key) ?? []), record.id]);
      }
    }
    const words =
      record.state === 'done'
        ? `${record.kind} ${record.target}`
        : `${record.kind} ${record.target} failed: ${record.error}`;
    options.onDone(wanted.finding, record, words);
  };
  const aside = (record: ActRecord) => {
    const worker = String(record.args.worker);
    options.feed({ kind: 'rest', worker, resting: true });
    setAside(mend.rests, worker, record.id, options.settings().breakerRestMs, Date.parse(record.at));
  };
  /** Where its process was made anew meanwhile there is nobody to tell, and nothing to take back. */
  const goOn = (now: number) => {
    for (const { worker, act } of restedWorkers(mend.rests, options.state().resting, now)) {
      options.feed({ kind: 'rest', worker, resting: false });
      void options.undo(act).catch((error) => log.info(`${worker} was not told to go on`, { error: String(error) }));
    }
  };
  const keepBreaker = async (master: string) => {
    const breaker = mend.breakers.get(master);
    const key = keyOf('breaker', master);
    await (breaker ? journal.put(key, breaker) : journal.remove(key)).catch(() => undefined);
  };

  return {
    findings(findings, now) {
      if (stopped || options.settings().mode === 'watch') return;
      const { wanted, refused } = planMends(mend, findings, context(), now);
      for (const { wanted: not, why } of refused)
        if (not.finding) options.onDone(not.finding, undefined, `not done: ${not.kind} ${not.target} (${why})`);
      enqueue(wanted);
    },
    happened(event, now) {
      if (stopped) return;
      if (event.kind === 'tick') goOn(now);
      if (mend.breakers.size === 0) return;
      const limits = breakerLimits();
      if (event.kind === 'tick') enqueue(moveBreakers(mend, { kind: 'tick' }, limits, now));
      else if (event.kind === 'step' && event.step === 'decided')
        enqueue(moveBreakers(mend, { kind: 'decided', task: event.task, master: event.master }, limits, now));
      else if (event.kind === 'step' && event.step === 'escalated')
        // A second attempt: the first one failed, whatever comes of the task.
        enqueue(
          moveBreakers(mend, { kind: 'attempt', task: event.task, master: event.master, success: false }, limits, now),
        );
      else if (event.kind === 'step' && event.step === 'settled' && event.outcome) {
        const success = event.outcome.success ?? event.outcome.status === 'completed';
        enqueue(moveBreakers(mend, { kind: 'attempt', task: event.task, master: event.master, success }, limits, now));
      }
    },
    changes(changes) {
      for (const { change, alert } of changes) {
        const key = identity(alert.finding);
        if (change !== 'resolved') continue;
        for (const id of passing.get(key) ?? []) void options.undo(id).catch(() => undefined);
        passing.delete(key);
      }
    },
    async takeUp() {
      for (const { value } of await journal.list<Breaker>('breaker'))
        if (!mend.breakers.has(value.master)) mend.breakers.set(value.master, value);
      for (const record of await mender.resting()) aside(record);
      for (const record of await mender.finishOthers())
        options.onDone(undefined, record, `${record.kind} ${record.target}`);
    },
    async stop() {
      stopped = true;
      if (running > 0) await new Promise<void>((resolve) => idle.add(resolve));
    },
  };
}
