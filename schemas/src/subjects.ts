// Every subject, stream, consumer and bucket name of Cortex, built from one prefix.
import { escapeToken, type TaskKey } from './names.js';
import type { LogStep, Priority } from './task.js';

/** Names below one prefix (`CORTEX_PREFIX`, default `cortex`), so that several systems can share one NATS. */
export interface Subjects {
  readonly prefix: string;
  readonly submit: string;
  readonly cancel: string;
  readonly tasks: string;
  log(key: TaskKey, step: LogStep, master: string, priority: Priority): string;
  /** All records of one task: the one filter that may be used for its compare-and-set. */
  logOf(key: TaskKey): string;
  /** Records of one step, any task; master and priority may be narrowed. */
  logStep(step: LogStep, master?: string, priority?: Priority): string;
  readonly logAll: string;
  live(step: LogStep | '*', master?: string): string;
  outcome(master: string): string;
  readonly outcomes: string;
  telemetry(worker: string): string;
  readonly telemetryAll: string;
  alert(severity: 'info' | 'warning' | 'critical'): string;
  readonly alerts: string;
  action(kind: string): string;
  readonly actions: string;
  forecast(what: string): string;
  readonly forecasts: string;
  readonly reviewsRequested: string;
  readonly reviewsAnswered: string;
  readonly reviews: string;
  model(family: string, event: string): string;
  readonly modelEvents: string;
  dead(stream: string): string;
  readonly deadAll: string;
  /** A piece of work for trainers, such as training one family. */
  job(kind: string): string;
  readonly jobs: string;
  ask(actor: string): string;
  readonly asks: string;
  timer(key: TaskKey): string;
  readonly timers: string;
  presence(actor: string, instance: string): string;
  presenceOf(actor: string): string;
  readonly presenceAll: string;
  /** Asks every actor to say at once that it is there. */
  readonly presenceCall: string;
  /** Finished spans of one process, for whoever draws traces; not stored. */
  spans(instance: string): string;
  readonly spansAll: string;
  /** Says that somebody draws traces: without it no spans are sent. */
  readonly spansCall: string;
  /** Where one running instance is told to restart, to rest and the like; core requests, not stored. */
  control(instance: string): string;
  /** The consumer that a master's workers share for one priority. */
  workConsumer(master: string, priority: Priority): string;
  /** The stream's real name: `TASKS`, or `<PREFIX>_TASKS` when the prefix is not the default. */
  stream(name: StreamName): string;
  /** The KV bucket's real name. */
  bucket(name: BucketName): string;
}

export const STREAM_NAMES = [
  'TASKS',
  'LOG',
  'OUTCOMES',
  'TELEMETRY',
  'ALERTS',
  'ACTIONS',
  'REVIEWS',
  'MODELS',
  'DEAD',
  'ASKS',
  'TIMERS',
  'JOBS',
] as const;
export const BUCKET_NAMES = ['masters', 'settings', 'prompts', 'models', 'trials', 'memory', 'watch'] as const;
export type BucketName = (typeof BUCKET_NAMES)[number];
export type StreamName = (typeof STREAM_NAMES)[number];

export const DEFAULT_PREFIX = 'cortex';

/** Builds all names below `prefix`. Throws a RangeError when the prefix is not one or more plain tokens. */
export function subjectsOf(prefix: string = DEFAULT_PREFIX): Subjects {
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(prefix)) {
    throw new RangeError(
      `CORTEX_PREFIX must be tokens of letters, digits, "_" and "-" joined by dots, got "${prefix}"`,
    );
  }
  const p = prefix;
  const own = p === DEFAULT_PREFIX ? '' : `${p.replaceAll('.', '_').toUpperCase()}_`;
  return {
    prefix: p,
    submit: `${p}.tasks.submit`,
    cancel: `${p}.tasks.cancel`,
    tasks: `${p}.tasks.*`,
    log: (k, step, master, priority) => `${p}.log.${k.partition}.${k.key}.${step}.${escapeToken(master)}.${priority}`,
    logOf: (k) => `${p}.log.${k.partition}.${k.key}.>`,
    logStep: (step, master, priority) =>
      `${p}.log.*.*.${step}.${master === undefined ? '*' : escapeToken(master)}.${priority ?? '*'}`,
    logAll: `${p}.log.>`,
    live: (step, master) => `${p}.live.${step}.${master === undefined ? '*' : escapeToken(master)}`,
    outcome: (master) => `${p}.outcomes.${escapeToken(master)}`,
    outcomes: `${p}.outcomes.*`,
    telemetry: (worker) => `${p}.telemetry.${escapeToken(worker)}`,
    telemetryAll: `${p}.telemetry.*`,
    alert: (severity) => `${p}.alerts.${severity}`,
    alerts: `${p}.alerts.*`,
    action: (kind) => `${p}.actions.${escapeToken(kind)}`,
    actions: `${p}.actions.*`,
    forecast: (what) => `${p}.forecasts.${escapeToken(what)}`,
    forecasts: `${p}.forecasts.*`,
    reviewsRequested: `${p}.reviews.requested`,
    reviewsAnswered: `${p}.reviews.answered`,
    reviews: `${p}.reviews.*`,
    model: (family, event) => `${p}.models.${escapeToken(family)}.${escapeToken(event)}`,
    modelEvents: `${p}.models.*.*`,
    dead: (stream) => `${p}.dead.${escapeToken(stream)}`,
    deadAll: `${p}.dead.*`,
    job: (kind) => `${p}.jobs.${escapeToken(kind)}`,
    jobs: `${p}.jobs.*`,
    ask: (actor) => `${p}.ask.${actor}`,
    asks: `${p}.ask.*`,
    timer: (k) => `${p}.timers.${k.partition}.${k.key}`,
    timers: `${p}.timers.*.*`,
    presence: (actor, instance) => `${p}.presence.${actor}.${instance}`,
    presenceOf: (actor) => `${p}.presence.${actor}.*`,
    presenceAll: `${p}.presence.*.*`,
    presenceCall: `${p}.presence-call`,
    control: (instance) => `${p}.control.${escapeToken(instance)}`,
    spans: (instance) => `${p}.spans.${escapeToken(instance)}`,
    spansAll: `${p}.spans.*`,
    spansCall: `${p}.spans-call`,
    workConsumer: (master, priority) => `work-${escapeToken(master)}-${priority}`,
    stream: (name) => `${own}${name}`,
    bucket: (name) => `${p.replaceAll('.', '_')}_${name}`,
  };
}
