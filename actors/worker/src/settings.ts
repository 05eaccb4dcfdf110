// Every setting of a worker, with default, unit and reason.
import { hostname } from 'node:os';
import { canonicalMaster, checkMessage, masterSchema, telemetrySchema } from '@cortex/schemas';
import type { Handler } from './job.js';

export interface WorkerSettings {
  /** Whose tasks it does; `security` and `security-master` are the same. */
  readonly master: string;
  readonly handle: Handler;
  /** Name in outcomes and telemetry, at most 128 characters. Default `<host>-<process id>-<random>`. */
  readonly name?: string;
  /** What it can do, in words, one thing each, at most 50: work that fits no master is proposed to who says so. Default: nothing is said. */
  readonly capabilities?: readonly string[];
  /** Tasks done at once. Default 1: most work wants a worker to itself. */
  readonly concurrency?: number;
  /** Milliseconds a job may take; the task's own `budget.minutes` lowers it. Default 3,600,000: a job that hangs must end some day. */
  readonly timeLimitMs?: number;
  /** Milliseconds between heartbeats. Default 5,000: three missed ones are noticed within 15 s. */
  readonly heartbeatMs?: number;
  /** Milliseconds running jobs get to finish when the worker stops. Default 30,000. */
  readonly drainLimitMs?: number;
  /** Milliseconds a job gets to end after its signal aborts; then it is left behind. Default 8,000: `--exec` kills after 5,000. */
  readonly abortGraceMs?: number;
  /** Milliseconds a lease lasts without renewal. Default: the work consumer's own `ack_wait`; a longer one loses tasks to others. */
  readonly leaseMs?: number;
  /** Milliseconds between looks for work that no hint announced, at first. Default 1,000. */
  readonly pollMinMs?: number;
  /** The same after a long idle time. Default 5,000: what a dead worker left behind waits at most this long. */
  readonly pollMaxMs?: number;
  /** Milliseconds over which an outcome is published again while the bus does not confirm it. Default 300,000. */
  readonly outcomeRetryMs?: number;
}

export type ResolvedSettings = Required<Omit<WorkerSettings, 'leaseMs'>> & { readonly leaseMs: number | undefined };

export const WORKER_DEFAULTS = {
  concurrency: 1,
  timeLimitMs: 3_600_000,
  heartbeatMs: 5_000,
  drainLimitMs: 30_000,
  abortGraceMs: 8_000,
  pollMinMs: 1_000,
  pollMaxMs: 5_000,
  outcomeRetryMs: 300_000,
} as const;

/** Fills in the defaults. Throws InvalidMessage for a bad master or name, a RangeError naming the setting for a bad number. */
export function resolveSettings(settings: WorkerSettings): ResolvedSettings {
  const full = {
    ...WORKER_DEFAULTS,
    ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
  } as ResolvedSettings;
  for (const key of [...Object.keys(WORKER_DEFAULTS), 'leaseMs'] as (keyof ResolvedSettings)[]) {
    const value = full[key];
    if (value === undefined && key === 'leaseMs') continue;
    // Timers of Node overflow above 2^31 - 1 and would fire at once.
    if (typeof value !== 'number' || !(value > 0) || value > 2_147_483_647)
      throw new RangeError(`${key} must be a number above 0 and at most 2147483647, got ${String(value)}`);
  }
  if (!Number.isInteger(full.concurrency)) throw new RangeError(`concurrency must be whole, got ${full.concurrency}`);
  const master = canonicalMaster(checkMessage('master', masterSchema.shape.name, settings.master));
  const name = checkMessage('worker name', telemetrySchema.shape.worker, settings.name ?? defaultName());
  const capabilities = checkMessage('capabilities', telemetrySchema.shape.capabilities, settings.capabilities) ?? [];
  return { ...full, master, name, capabilities, leaseMs: settings.leaseMs };
}

function defaultName(): string {
  const random = Math.random().toString(36).slice(2, 6);
  return `${hostname().slice(0, 96)}-${process.pid}-${random}`;
}
