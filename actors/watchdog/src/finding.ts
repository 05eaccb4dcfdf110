// A finding: one rule's word that something is wrong now. Alerts and interventions are made from findings.
import type { WatchEvent } from './events.js';
import type { WatchState } from './state.js';

export const FAULT_KINDS = [
  'no-heartbeat',
  'stuck-pending',
  'stuck-running',
  'zombie',
  'duplicate-worker',
  'completed-without-evidence',
  'token-budget',
  'queue-growing',
  'retry-storm',
  'success-collapse',
  'starving-master',
  'decision-quality',
  'clock-skew',
  'replay',
  'wedged-actor',
  'anomaly',
  'drift',
  'review',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export type Severity = 'info' | 'warning' | 'critical';

export interface Finding {
  readonly kind: FaultKind;
  /** What it is about, such as `worker:w-1`; with `kind` its identity. */
  readonly target: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly cause: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly worker?: string;
  readonly master?: string;
  readonly task?: string;
  readonly actor?: string;
  readonly instance?: string;
  readonly traceId?: string;
  /** When it began, as far as can be told. */
  readonly since: number;
  /** Milliseconds it stays open after it was last found. */
  readonly holdMs: number;
}

/** Levels are looked at each tick; three missed looks and they are over. */
export const LEVEL_HOLD_MS = 6_000;
/** Events happen once: they stay open so long without a repetition. */
export const EVENT_HOLD_MS = 300_000;

/** Thresholds. Each has its reason in the rule that reads it. */
export interface Thresholds {
  /** A task waits at most so long beside an idle worker, ms. Default 60,000 (critical tasks: a third). */
  readonly pendingMs: number;
  /** Without history, prediction or budget a task may run so long, ms. Default 3,600,000. */
  readonly runningMs: number;
  /** However quick its kind is, a task may run so long, ms. Default 60,000. */
  readonly runningLeastMs: number;
  /** However quick its kind is, a worker may stand still so long, ms. Default 30,000. */
  readonly stillLeastMs: number;
  /** A busy worker may stand still so long when nothing is known of its kind, ms. Default 300,000. */
  readonly frozenMs: number;
  /** An idle worker may leave work lying so long, ms. Default 30,000. */
  readonly idleMs: number;
  /** Share of the token budget that warns, and that stops. Defaults 0.8 and 0.95. */
  readonly tokensWarn: number;
  readonly tokensStop: number;
  /** A queue is looked at over so long, ms. Default 60,000. */
  readonly queueMs: number;
  /** Least waiting tasks for a queue to count as growing. Default 20. */
  readonly queueLeast: number;
  /** Second and later attempts of a master within a minute that make a storm. Default 10. */
  readonly retries: number;
  /** A clock may be off by so much, ms. Default 5,000. */
  readonly skewMs: number;
  /** Repetitions of old messages within a minute that make a replay. Default 5. */
  readonly repeats: number;
  /** An actor with work before it may stand still so long, ms. Default 15,000. */
  readonly wedgedMs: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  pendingMs: 60_000,
  runningMs: 3_600_000,
  runningLeastMs: 60_000,
  stillLeastMs: 30_000,
  frozenMs: 300_000,
  idleMs: 30_000,
  tokensWarn: 0.8,
  tokensStop: 0.95,
  queueMs: 60_000,
  queueLeast: 20,
  retries: 10,
  skewMs: 5_000,
  repeats: 5,
  wedgedMs: 15_000,
};

export interface Rule {
  readonly kind: FaultKind;
  /** Why the threshold is what it is. */
  readonly reason: string;
  /** Looks at one event, after the state has taken it in. */
  on?(state: WatchState, event: WatchEvent, now: number, limits: Thresholds): Finding[];
  /** Looks at how things stand. */
  look?(state: WatchState, now: number, limits: Thresholds): Finding[];
}

export function seconds(ms: number): string {
  return ms < 10_000
    ? `${Math.round(ms / 100) / 10} s`
    : ms < 120_000
      ? `${Math.round(ms / 1_000)} s`
      : `${Math.round(ms / 60_000)} min`;
}
