// How many tasks the workers of a master do at once, tuned while they work: rounds of a minute, each judged by what was settled in it.
// The one thing to know: off unless `watchdog.tune` says where it starts and how far it may go. Only what is tried, kept or taken back is an
// intervention, with undo; within a trial the value changes from round to round, and a round that a leader did not finish counts for nothing.
import { type Bus, control, type Logger } from '@cortex/bus';
import {
  startTuning as newTuning,
  observeRound,
  type TuningOptions,
  type TuningState,
  valueInUse,
} from '@cortex/models';
import type { Step, WatchEvent } from '../events.js';
import { type Journal, keyOf } from '../journal.js';
import type { Mender } from '../mend/mender.js';
import { instanceOf } from '../mend/plan.js';
import type { WatchState } from '../state.js';

/** `watchdog.tune`: bounds of the concurrency of workers, of every master or of those named. */
export interface TuneSetting {
  /** Tasks at once that the workers were started with. */
  readonly start: number;
  readonly most: number;
  /** Default: all. */
  readonly masters?: readonly string[] | undefined;
  /** Where it stays, by master: what an undo set. */
  readonly fixed?: Readonly<Record<string, number>> | undefined;
}

export interface TuningParts {
  readonly bus: Bus;
  readonly journal: Journal;
  readonly mender: Pick<Mender, 'mend'>;
  readonly leads: () => boolean;
  /** Undefined: off. */
  readonly setting: () => TuneSetting | undefined;
  readonly masters: () => readonly string[];
  /** Connections of the live workers of a master. */
  readonly workersOf: (master: string) => readonly string[];
  readonly roundMs: number;
  /** Seconds from decision to outcome within which a success is in time: the share of those is what a round earns. */
  readonly targetSeconds: number;
  readonly random: () => number;
  readonly log: Logger;
}

export interface Tuning {
  take(event: WatchEvent, now: number): void;
  stop(): Promise<void>;
}

/** Outcomes below which a round says nothing. */
const LEAST_SETTLED = 3;
/** Share of a round that belongs to what was begun before it. */
const SETTLING = 0.3;
const MOST_OPEN = 50_000;

interface Round {
  start: number;
  value: number;
  countsFrom: number;
  worth: number;
  settled: number;
}

export function tuneConcurrency(parts: TuningParts): Tuning {
  const { bus, journal, log, roundMs } = parts;
  const decided = new Map<string, number>();
  const rounds = new Map<string, Round>();
  let running: Promise<void> | undefined;
  let stopped = false;

  const tell = async (master: string, value: number, id: string) => {
    // One that is gone or silent is another rule's matter; the next round tells it again.
    await Promise.all(
      parts
        .workersOf(master)
        .map((instance) => control(bus, instance, { do: 'concurrency', value, id: `${id}-${instance}` })),
    );
  };

  const endRound = async (master: string, setting: TuneSetting, now: number) => {
    const options = optionsOf(setting);
    const key = keyOf('tune', master);
    const fixed = setting.fixed?.[master];
    const kept = (await journal.get<{ state: TuningState }>(key))?.value;
    let state = kept && kept.state.base < options.values.length ? kept.state : newTuning(options);
    const round = rounds.get(master);
    if (fixed === undefined && round && round.settled >= LEAST_SETTLED && round.value === valueInUse(state, options)) {
      const seen = observeRound(state, round.worth / round.settled, parts.random(), options);
      state = seen.state;
      await journal.put(key, { master, state });
      if (seen.change) {
        const { kind, from, to, why, evidence } = seen.change;
        await parts.mender.mend({
          id: `tune-${master}-${state.rounds}-${kind}`,
          kind: 'tune-concurrency',
          target: `master:${master}`,
          reason: `${kind} ${to} tasks at once instead of ${from}: ${why}`,
          args: { master, from, to, change: kind, ...evidence },
        });
      }
    }
    const value = fixed ?? valueInUse(state, options);
    await tell(master, value, `tune-${master}-${now}`);
    rounds.set(master, { start: setting.start, value, countsFrom: now + SETTLING * roundMs, worth: 0, settled: 0 });
  };

  const look = async () => {
    const setting = parts.setting();
    if (!setting || !parts.leads()) {
      // Switched off: the workers go back to how they were started.
      if (parts.leads())
        for (const [master, { start }] of rounds) await tell(master, start, `tune-off-${master}-${Date.now()}`);
      rounds.clear();
      return;
    }
    for (const master of setting.masters ?? parts.masters()) {
      if (stopped || parts.workersOf(master).length === 0) continue;
      await endRound(master, setting, Date.now());
    }
  };
  const timer = setInterval(() => {
    if (running || bus.state() !== 'connected') return;
    running = look()
      .catch((error) => log.warn('a round of tuning could not be ended', { error: String(error) }))
      .finally(() => {
        running = undefined;
      });
  }, roundMs);

  return {
    take(event, now) {
      if (event.kind !== 'step' || rounds.size === 0) return;
      if (event.step === 'decided') {
        decided.set(event.task, now);
        if (decided.size > MOST_OPEN) decided.delete(decided.keys().next().value as string);
      } else if (event.settled) settle(event, now);
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };

  function settle(event: Step, now: number): void {
    const since = decided.get(event.task);
    decided.delete(event.task);
    const round = rounds.get(event.master);
    if (since === undefined || !round || now < round.countsFrom) return;
    round.settled++;
    if (event.outcome?.success === true && now - since <= 1_000 * parts.targetSeconds) round.worth++;
  }
}

/** 1, 2, 4 … up to the most, with the start among them. */
export function optionsOf({ start, most }: Pick<TuneSetting, 'start' | 'most'>): TuningOptions {
  const values = new Set([start]);
  for (let value = 1; value <= most; value *= 2) values.add(value);
  return { values: [...values].sort((a, b) => a - b), start };
}

/** Connections of a master's workers that were not told to stop. */
export function liveWorkers({ workers }: WatchState, master: string): string[] {
  return [...workers.values()].flatMap((worker) => {
    const instance = worker.master === master && worker.status !== 'draining' ? instanceOf(worker.source) : undefined;
    return instance === undefined ? [] : [instance];
  });
}
