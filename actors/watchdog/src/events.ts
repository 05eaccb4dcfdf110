// What the watchdog hears, as plain values: the pure core knows neither NATS nor a clock. All times are milliseconds since the epoch.
import type { LogStep, Priority } from '@cortex/schemas';

/** A worker's telemetry. `at` is the worker's own clock. */
export interface Beat {
  readonly kind: 'beat';
  readonly worker: string;
  readonly master: string;
  readonly at: number;
  readonly status: string;
  /** What it is working on. */
  readonly tasks: readonly string[];
  /** Those of them that wait for the answer of a person. */
  readonly asking?: readonly string[];
  readonly gauges: Readonly<Record<string, number>>;
  /** What it says it can do. */
  readonly capabilities?: readonly string[];
  /** Connection it came from: two processes under one name differ here. */
  readonly source?: string;
}

/** A record of the log. */
export interface Step {
  readonly kind: 'step';
  readonly task: string;
  readonly step: LogStep;
  readonly master: string;
  readonly priority: Priority;
  readonly revision: number;
  readonly attempts?: number;
  readonly tokenBudget?: number;
  readonly minuteBudget?: number;
  /** 90th percentile of the predicted minutes. */
  readonly p90Minutes?: number;
  /** Masters by odds, best first, without the chosen one. */
  readonly nextBest?: readonly string[];
  readonly method?: string;
  readonly deadline?: number;
  readonly traceId?: string;
  readonly settled?: boolean;
  readonly outcome?: Claim;
  /** Where a person or a master says the task belonged. */
  readonly correctMaster?: string;
}

/** A claim as a worker published it, whether or not it was accepted. */
export interface Claim {
  readonly kind: 'claim';
  readonly task: string;
  readonly status: string;
  readonly worker?: string;
  readonly master?: string;
  readonly attempt?: number;
  readonly success?: boolean;
  readonly minutes?: number;
  readonly tokens?: number;
  readonly evidence: number;
}

/** Somebody submitted a task. */
export interface Submit {
  readonly kind: 'submit';
  readonly task: string;
}

/** How a consumer stands. */
export interface Backlog {
  readonly kind: 'backlog';
  readonly stream: string;
  readonly consumer: string;
  /** Set for a master's work consumer. */
  readonly master?: string;
  /** The actor that should be emptying it. */
  readonly actor?: string;
  readonly pending: number;
  readonly ackPending: number;
  readonly redelivered: number;
  /** Stream sequence last delivered, and the one below which everything is acknowledged. */
  readonly delivered: number;
  readonly ackFloor: number;
}

/** An actor's presence. `at` is its own clock. */
export interface Presence {
  readonly kind: 'presence';
  readonly actor: string;
  readonly instance: string;
  readonly state: string;
  readonly at: number;
}

/** Time passes. Rules that look at levels run here. */
export interface Tick {
  readonly kind: 'tick';
}

/** The watchdog itself was cut off and is back: silence until now says nothing about others. */
export interface Back {
  readonly kind: 'back';
}

/** A worker was told to take nothing new, or to go on: it is idle on purpose. */
export interface Rest {
  readonly kind: 'rest';
  readonly worker: string;
  readonly resting: boolean;
}

/** A master was tried out and succeeded: what was before says nothing about it any more. */
export interface Proven {
  readonly kind: 'proven';
  readonly master: string;
}

export type WatchEvent = Beat | Step | Claim | Submit | Backlog | Presence | Tick | Back | Rest | Proven;
