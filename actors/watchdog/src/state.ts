// What the watchdog remembers: workers, open tasks, masters, consumers, actors. Bounded, whoever publishes.
// The one thing to know: it is changed in place by `absorb`, from events and the time given, and by nothing else.
import type { Priority } from '@cortex/schemas';
import { type Cusum, newCusum } from './cusum.js';

export interface WorkerState {
  readonly worker: string;
  master: string;
  status: string;
  firstAt: number;
  heardAt: number;
  /** Its own clock at the last beat. */
  saidAt: number;
  /** The last intervals between beats: its rhythm is the longest of them. */
  intervals: number[];
  /** The last silence that was longer than its rhythm allows. */
  longGap?: number;
  /** Tasks at hand, with when each was first named. */
  tasks: Map<string, number>;
  gauges: Record<string, number>;
  /** What it says it can do. */
  capabilities?: readonly string[];
  /** When a gauge other than load last changed, or what it works on. */
  movedAt: number;
  idleSince: number | undefined;
  /** Own clock minus ours, of the last beats. */
  skews: number[];
  /** Beats in a row from another connection than the one before. */
  turns: number;
  source: string | undefined;
}

export interface TaskState {
  readonly task: string;
  master: string;
  priority: Priority;
  decidedAt: number;
  /** Decided before: somebody may still be at the work of an earlier decision. */
  again: boolean;
  revision: number;
  attempts: number;
  tokenBudget: number | undefined;
  minuteBudget: number | undefined;
  p90Minutes: number | undefined;
  nextBest: readonly string[];
  traceId: string | undefined;
  /** Workers that name it, with when they first and last did. */
  runs: Map<string, { since: number; last: number }>;
}

export interface MasterState {
  readonly name: string;
  /** Milliseconds from first seen running to settled, the last ones. */
  durations: number[];
  /** Durations taken in so far. */
  measured: number;
  shape: { measured: number; sorted: Float64Array; mean: number; deviation: number } | undefined;
  completed: number;
  withEvidence: number;
  success: Cusum;
  settledAt: number;
  /** Moments of second and later attempts, and of settlements, of the last minutes. */
  retries: number[];
  settlements: number[];
  /** Waiting tasks over all priorities, sampled. */
  queue: { at: number; pending: number }[];
  /** Beats in which a gauge of the work itself moved while the work stayed the same: only such workers can be seen to stand still. */
  progressSeen: number;
  /** By priority, when the latest of those tasks was decided that somebody has begun: queues are first in, first out. */
  begunUpTo: Partial<Record<Priority, number>>;
  /** Whether a worker of it was ever heard: telemetry is optional, and a master may have none by intent. */
  hadWorkers: boolean;
  /** Since when its queue has not been empty. */
  waitingSince: number | undefined;
}

export interface ConsumerState {
  readonly stream: string;
  readonly consumer: string;
  readonly master: string | undefined;
  readonly actor: string | undefined;
  pending: number;
  ackPending: number;
  delivered: number;
  ackFloor: number;
  /** When it last moved, or had nothing to do. */
  movedAt: number;
  heardAt: number;
}

export interface ActorSeen {
  readonly actor: string;
  readonly instance: string;
  state: string;
  firstAt: number;
  heardAt: number;
  skews: number[];
}

export interface WatchState {
  startedAt: number;
  /** No rule about silence fires before this. */
  graceUntil: number;
  workers: Map<string, WorkerState>;
  tasks: Map<string, TaskState>;
  masters: Map<string, MasterState>;
  consumers: Map<string, ConsumerState>;
  actors: Map<string, ActorSeen>;
  /** Whether decisions were right, as far as labels tell. */
  quality: Cusum;
  /** Tasks settled lately, by task: revision-free, for replays and labels. */
  settled: Map<string, { at: number; master: string; labelled: boolean }>;
  /** Messages seen before, with the moments of their repetitions. */
  seen: Map<string, number>;
  repeats: Map<string, number[]>;
  /** Workers that rest because they were told to. */
  resting: Set<string>;
}

/** Bounds of memory. Oldest go first. */
export const MOST = { workers: 20_000, tasks: 200_000, settled: 50_000, seen: 50_000, samples: 120, durations: 200 };

export function newState(now: number): WatchState {
  return {
    startedAt: now,
    graceUntil: now,
    workers: new Map(),
    tasks: new Map(),
    masters: new Map(),
    consumers: new Map(),
    actors: new Map(),
    quality: newCusum(0.1),
    settled: new Map(),
    seen: new Map(),
    repeats: new Map(),
    resting: new Set(),
  };
}

export function masterOf(state: WatchState, name: string): MasterState {
  let master = state.masters.get(name);
  if (!master) {
    master = {
      name,
      durations: [],
      measured: 0,
      shape: undefined,
      completed: 0,
      withEvidence: 0,
      success: newCusum(0.2),
      settledAt: 0,
      retries: [],
      settlements: [],
      queue: [],
      progressSeen: 0,
      begunUpTo: {},
      hadWorkers: false,
      waitingSince: undefined,
    };
    state.masters.set(name, master);
  }
  return master;
}

export const LONGEST_RHYTHM_MS = 60_000;

/** Milliseconds between a worker's periodic beats, 1 s to 60 s: words in between are shorter, so the longest counts. */
export function rhythm(worker: WorkerState): number {
  if (worker.intervals.length < 2) return 5_000;
  return Math.min(LONGEST_RHYTHM_MS, Math.max(1_000, ...worker.intervals));
}

/** Milliseconds of silence after which a worker counts as silent: three beats and a little. */
export function silenceLimit(worker: WorkerState): number {
  return Math.max(3_500, 3.2 * rhythm(worker));
}

export function alive(worker: WorkerState, now: number): boolean {
  return now - worker.heardAt <= silenceLimit(worker);
}

/** The q-quantile of the master's durations in milliseconds; undefined below `least` of them. */
export function durationQuantile(master: MasterState | undefined, q: number, least = 20): number | undefined {
  if (!master || master.durations.length < least) return undefined;
  const { sorted } = shapeOf(master);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/**
 * What a task of the master practically never takes longer than, in milliseconds: 4.5 standard deviations above the mean of the logarithms
 * (one in 300,000 of a log-normal), and twice the longest of the last ones, for tails heavier than that.
 */
export function longestDuration(master: MasterState | undefined, least = 20): number | undefined {
  if (!master || master.durations.length < least) return undefined;
  const { sorted, mean, deviation } = shapeOf(master);
  // The deviation of few tasks is itself uncertain.
  const deviations = 4.5 * (1 + 2 / Math.sqrt(sorted.length));
  return Math.max(Math.exp(mean + deviations * deviation), 2 * (sorted.at(-1) ?? 0));
}

/** Sorted once for each new duration, however many look. */
function shapeOf(master: MasterState): NonNullable<MasterState['shape']> {
  if (master.shape?.measured === master.measured) return master.shape;
  const sorted = Float64Array.from(master.durations).sort();
  const logs = sorted.map((ms) => Math.log(Math.max(1, ms)));
  const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
  const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length);
  master.shape = { measured: master.measured, sorted, mean, deviation };
  return master.shape;
}

/**
 * Somebody has begun with the task. One that was decided again tells nothing of the queue it stands in: whoever is at it may have it from before,
 * and those ahead of it would look overtaken.
 */
export function begun(state: WatchState, task: TaskState): void {
  if (task.again) return;
  const { begunUpTo } = masterOf(state, task.master);
  begunUpTo[task.priority] = Math.max(begunUpTo[task.priority] ?? 0, task.decidedAt);
}

/** Waiting tasks of a master by its consumers; undefined when none was looked at. */
export function pendingOf(state: WatchState, master: string): number | undefined {
  return state.masters.get(master)?.queue.at(-1)?.pending;
}

export function bound<K, V>(map: Map<K, V>, most: number): void {
  while (map.size > most) map.delete(map.keys().next().value as K);
}

export function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}

/** Forgets moments older than `before`; they are in order. */
export function forgetBefore(moments: number[], before: number): void {
  let gone = 0;
  while (gone < moments.length && (moments[gone] as number) < before) gone++;
  if (gone > 0) moments.splice(0, gone);
}
