// A worker that is alive and does not get on: it stands still on a task, holds one that is not its own any more, or leaves work lying.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds, type Thresholds } from '../finding.js';
import { alive, durationQuantile, rhythm, type WatchState, type WorkerState } from '../state.js';
import { traceOf } from './no-heartbeat.js';

export const zombie: Rule = {
  kind: 'zombie',
  reason:
    'Standing still, where workers of the kind are known to report progress: no gauge but load moved for three times the master’s 95th percentile of work (five minutes where nothing is known), at least 30 s and five beats. Holding: 20 s and three beats past the end of its task, a lease renewal is 10 s. Idle: work lay before it for 30 s, a worker looks every 5 s, and others of its master took some.',
  look(state, now, limits) {
    if (now < state.graceUntil) return [];
    const found: Finding[] = [];
    for (const worker of state.workers.values()) {
      if (!alive(worker, now) || worker.status === 'draining' || state.resting.has(worker.worker)) continue;
      const why =
        standsStill(state, worker, now, limits) ??
        holds(state, worker, now) ??
        idles(state, worker, now, limits.idleMs);
      if (!why) continue;
      const task = worker.tasks.keys().next().value;
      found.push({
        kind: 'zombie',
        target: `worker:${worker.worker}`,
        severity: 'critical',
        summary: `worker ${worker.worker} of ${worker.master} is alive but does not get on`,
        cause: why.cause,
        evidence: {
          ...why.evidence,
          status: worker.status,
          tasks: [...worker.tasks.keys()].slice(0, 20),
          gauges: worker.gauges,
        },
        worker: worker.worker,
        master: worker.master,
        ...(task === undefined ? {} : { task, ...traceOf(state.tasks.get(task)?.traceId) }),
        since: why.since,
        holdMs: LEVEL_HOLD_MS,
      });
    }
    return found;
  },
};

interface Why {
  readonly cause: string;
  readonly evidence: Record<string, unknown>;
  readonly since: number;
}

function standsStill(state: WatchState, worker: WorkerState, now: number, limits: Thresholds): Why | undefined {
  if (worker.tasks.size === 0) return undefined;
  const still = now - worker.movedAt;
  const master = state.masters.get(worker.master);
  // A worker that never reports progress (a command that only runs) looks the same whether it works or hangs: its time limit judges.
  if (!master || master.progressSeen < 20) return undefined;
  const usual = durationQuantile(master, 0.95);
  const limit = Math.max(limits.stillLeastMs, 5 * rhythm(worker), usual === undefined ? limits.frozenMs : 3 * usual);
  if (still <= limit) return undefined;
  return {
    cause: `nothing but its load has moved for ${seconds(still)}, usual work is over within ${usual === undefined ? 'an unknown time' : seconds(usual)}`,
    evidence: { still_ms: still, limit_ms: Math.round(limit) },
    since: worker.movedAt,
  };
}

function holds(state: WatchState, worker: WorkerState, now: number): Why | undefined {
  for (const task of worker.tasks.keys()) {
    const over = state.settled.get(task);
    if (over && now - over.at > Math.max(20_000, 3 * rhythm(worker)))
      return {
        cause: `it still works on ${task}, which ended ${seconds(now - over.at)} ago`,
        evidence: { task, ended_ms_ago: now - over.at },
        since: over.at,
      };
  }
  return undefined;
}

function idles(state: WatchState, worker: WorkerState, now: number, idleMs: number): Why | undefined {
  if (worker.idleSince === undefined) return undefined;
  const master = state.masters.get(worker.master);
  const sample = master?.queue.at(-1);
  if (master?.waitingSince === undefined || !sample || sample.pending === 0 || now - sample.at > 30_000)
    return undefined;
  const since = Math.max(worker.idleSince, master.waitingSince);
  if (now - since <= Math.max(idleMs, 4 * rhythm(worker))) return undefined;
  return {
    cause: `it has been idle for ${seconds(now - since)} while ${sample.pending} task(s) of ${worker.master} wait`,
    evidence: { idle_ms: now - since, waiting: sample.pending },
    since,
  };
}
