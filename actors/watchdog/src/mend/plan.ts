// From findings to interventions, step by step harder: a ladder for each kind of fault, a pause between its steps that doubles, and a person
// at its end. Pure: the same findings and times give the same plan.
import { identity } from '../alerts/book.js';
import type { Finding } from '../finding.js';
import { alive, type WatchState } from '../state.js';
import { attempted, type Breaker, type BreakerLimits, type BreakerMove, probed, rested, trip } from './breaker.js';
import { type Acts, forbids, type MendLimits } from './limits.js';
import { newRests, type Rests } from './rests.js';
import type { ActionKind, Wanted } from './types.js';

export interface MendState {
  /** Steps taken on each fault's ladder. */
  readonly rounds: Map<string, { count: number; at: number; asked: boolean }>;
  readonly acts: Acts;
  readonly breakers: Map<string, Breaker>;
  /** Moments at which a worker claimed success with nothing to show. */
  readonly unproven: Map<string, number[]>;
  /** Workers set aside: each goes on after a rest that doubles, or the fleet would lose them one by one. */
  readonly rests: Rests;
}

export interface MendContext {
  readonly state: WatchState;
  readonly masters: readonly { readonly name: string; readonly status: string }[];
  readonly limits: MendLimits & { readonly breaker: BreakerLimits; readonly graceMs: number };
  /** Id of the alert of a finding. */
  readonly alertOf: (finding: Finding) => string | undefined;
}

/** What was wanted and refused by the limits: a person hears of it. */
export interface Planned {
  readonly wanted: readonly Wanted[];
  readonly refused: readonly { readonly wanted: Wanted; readonly why: string }[];
}

export function newMendState(): MendState {
  return { rounds: new Map(), acts: { list: [] }, breakers: new Map(), unproven: new Map(), rests: newRests() };
}

const FORGET_MS = 600_000;
const MOST_TASKS = 200;

/** Plans what to do about findings. Changes `mend` as if the plan were carried out. */
export function planMends(mend: MendState, findings: readonly Finding[], context: MendContext, now: number): Planned {
  const wanted: Wanted[] = [];
  const refused: { wanted: Wanted; why: string }[] = [];
  const { limits } = context;
  for (const finding of findings) {
    const key = identity(finding);
    const round = mend.rounds.get(key);
    const fresh = !round || now - round.at > FORGET_MS + limits.coolDownMs * 2 ** round.count;
    const count = fresh ? 0 : round.count;
    if (!fresh && now - round.at < limits.coolDownMs * 2 ** (count - 1)) continue;
    // A task that somebody let go on is stopped again where it uses up what it was given anew.
    if (!fresh && round.asked && finding.kind !== 'token-budget') continue;
    const steps = stepsFor(finding, count, mend, context, now);
    if (steps.length === 0) continue;
    const asks = count >= limits.mostActions;
    const chosen = asks ? [ask(finding, `${count} interventions did not help`)] : steps;
    let asked = asks;
    for (const [i, step] of chosen.entries()) {
      const full = complete(step, finding, key, count, i, context);
      const why = forbids(mend.acts, full, context.state, context.masters, limits, now);
      if (why === undefined) {
        wanted.push(full);
        mend.acts.list.push({ kind: full.kind, target: full.target, at: now });
      } else refused.push({ wanted: full, why });
      if (full.kind === 'ask-person') asked = true;
      if (full.kind === 'pause-master' && why === undefined)
        mend.breakers.set(
          finding.master ?? '',
          trip(mend.breakers.get(finding.master ?? ''), finding.master ?? '', limits.breaker, now),
        );
    }
    mend.rounds.set(key, { count: count + 1, at: now, asked });
    if (mend.rounds.size > 10_000) mend.rounds.delete(mend.rounds.keys().next().value as string);
  }
  return { wanted, refused };
}

type Step = Pick<Wanted, 'kind' | 'target' | 'reason' | 'args'>;

function complete(step: Step, finding: Finding, key: string, count: number, i: number, context: MendContext): Wanted {
  const alert = context.alertOf(finding);
  return {
    ...step,
    id: `${step.kind}-${slug(step.target)}-${slug(alert ?? key)}-${count}.${i}`,
    finding,
    ...(alert === undefined ? {} : { alert }),
  };
}

/** The step of a fault's ladder; none: it is only told. */
function stepsFor(finding: Finding, count: number, mend: MendState, context: MendContext, now: number): Step[] {
  const { state, limits } = context;
  const { worker, master, task } = finding;
  const restart = (name: string, hard: boolean): Step[] => {
    const source = state.workers.get(name)?.source;
    return [
      {
        kind: 'restart-worker',
        target: `worker:${name}`,
        reason: finding.summary,
        args: { worker: name, instance: instanceOf(source), grace_ms: limits.graceMs, hard },
      },
    ];
  };
  const rest = (name: string): Step => ({
    kind: 'rest-worker',
    target: `worker:${name}`,
    reason: finding.summary,
    args: { worker: name, instance: instanceOf(state.workers.get(name)?.source) },
  });
  switch (finding.kind) {
    case 'no-heartbeat':
      if (worker === undefined || count > 0) return [];
      return [...leasesOf(finding, worker, state), ...restart(worker, true)];
    case 'zombie': {
      if (worker === undefined) return [];
      const leases = leasesOf(finding, worker, state);
      return count < 2 ? [...leases, ...restart(worker, count === 1)] : [...leases, rest(worker)];
    }
    case 'stuck-pending': {
      const open = task === undefined ? undefined : state.tasks.get(task);
      if (!open) return [];
      const idle = idleWorkers(state, open.master, now);
      if (workersOf(state, open.master, now).length > 0)
        return count === 0 || idle.length === 0
          ? [lease(finding, open.task, state)]
          : [lease(finding, open.task, state), ...idle.slice(0, 3).flatMap((name) => restart(name, false))];
      // Once: where nobody else fits it waits, and the alert says why.
      return open.nextBest.length > 0 && count === 0 ? [reroute(finding, open.task, state)] : [];
    }
    case 'stuck-running':
      if (task === undefined) return [];
      if (count === 0) return [lease(finding, task, state)];
      if (count === 1 && worker !== undefined) return [lease(finding, task, state), ...restart(worker, true)];
      return [stop(task, finding.cause)];
    case 'duplicate-worker':
      if (task !== undefined)
        return count === 0 || worker === undefined
          ? [lease(finding, task, state)]
          : [lease(finding, task, state), ...restart(worker, true)];
      return [ask(finding, finding.cause)];
    case 'completed-without-evidence': {
      if (worker === undefined) return [];
      const moments = (mend.unproven.get(worker) ?? []).filter((at) => at > now - FORGET_MS);
      moments.push(now);
      mend.unproven.set(worker, moments);
      // One may have forgotten; three times is a habit.
      return moments.length >= 3 ? [rest(worker)] : [];
    }
    case 'token-budget':
      return finding.severity === 'critical' && finding.evidence.over !== true && task !== undefined
        ? [stop(task, finding.summary), ask(finding, `${finding.summary}, and it was stopped`, 'budget')]
        : [];
    case 'queue-growing': {
      const calm = workersOf(state, master, now).filter((w) => (w.gauges.cpu ?? 0) < 0.7 && w.tasks.size > 0);
      if (count > 0) return [];
      return calm.slice(0, 20).map((w) => concurrency(finding, w.worker, w.source, w.tasks.size + 1));
    }
    case 'retry-storm': {
      const wide = workersOf(state, master, now).filter((w) => w.tasks.size > 1);
      if (count === 0 && wide.length > 0)
        return wide.slice(0, 20).map((w) => concurrency(finding, w.worker, w.source, 1));
      return pause(finding, master, state, mend);
    }
    case 'success-collapse':
      return pause(finding, master, state, mend);
    case 'starving-master': {
      const idle = idleWorkers(state, master ?? '', now);
      if (idle.length > 0) return idle.slice(0, 3).flatMap((name) => restart(name, count > 0));
      const moves = waiting(state, master).filter(({ nextBest }) => nextBest.length > 0);
      return moves.length > 0
        ? moves.map((open) => reroute(finding, open.task, state))
        : [ask(finding, `${finding.cause}, and nobody else could do its tasks`)];
    }
    case 'decision-quality':
      return count === 0
        ? [{ kind: 'lower-challenger', target: 'models:router', reason: finding.summary, args: { family: 'router' } }]
        : [ask(finding, finding.cause)];
    case 'wedged-actor':
      return [
        {
          kind: 'restart-actor',
          target: finding.target,
          reason: finding.summary,
          args: { instance: finding.instance, grace_ms: limits.graceMs, hard: count > 0 },
        },
      ];
    default:
      return [];
  }
}

/** What the breakers want after a task's step, or as time passes. */
export function moveBreakers(
  mend: MendState,
  happened:
    | { kind: 'tick' }
    | { kind: 'decided'; task: string; master: string }
    | { kind: 'attempt'; task: string; master: string; success: boolean },
  limits: BreakerLimits,
  now: number,
): Wanted[] {
  const moves: BreakerMove[] = [];
  if (happened.kind === 'tick') for (const breaker of mend.breakers.values()) push(moves, rested(breaker, now));
  else {
    const breaker = mend.breakers.get(happened.master);
    if (!breaker) return [];
    push(
      moves,
      happened.kind === 'decided'
        ? probed(breaker, happened.task, limits)
        : attempted(breaker, happened.task, happened.success, limits, now),
    );
  }
  return moves.map(({ master, move, why }) => {
    if (move === 'close') mend.breakers.delete(master);
    const kind: ActionKind = move === 'pause' || move === 'hold' ? 'pause-master' : 'resume-master';
    return {
      id: `${kind}-${slug(master)}-${move}-${Math.round(now).toString(36)}`,
      kind,
      target: `master:${master}`,
      reason: why,
      args: { master, move },
    };
  });
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}

function pause(finding: Finding, master: string | undefined, state: WatchState, mend: MendState): Step[] {
  if (master === undefined || mend.breakers.has(master)) return [];
  return [
    { kind: 'pause-master', target: `master:${master}`, reason: finding.summary, args: { master, move: 'pause' } },
    // What waits there goes to the next best while it rests.
    ...waiting(state, master).map((open) => reroute(finding, open.task, state)),
  ];
}

function waiting(state: WatchState, master: string | undefined) {
  return [...state.tasks.values()]
    .filter((open) => open.master === master && open.runs.size === 0)
    .slice(0, MOST_TASKS);
}

function workersOf(state: WatchState, master: string | undefined, now: number) {
  return [...state.workers.values()].filter((worker) => worker.master === master && alive(worker, now));
}

function idleWorkers(state: WatchState, master: string, now: number): string[] {
  return workersOf(state, master, now)
    .filter((w) => w.idleSince !== undefined && now - w.idleSince > 10_000 && !state.resting.has(w.worker))
    .map(({ worker }) => worker);
}

function leasesOf(finding: Finding, worker: string, state: WatchState): Step[] {
  const tasks = [...(state.workers.get(worker)?.tasks.keys() ?? [])];
  // Who holds a task that ended, holds no lease.
  return tasks.filter((task) => state.tasks.has(task)).map((task) => lease(finding, task, state));
}

function lease(finding: Finding, task: string, state: WatchState): Step {
  const revision = state.tasks.get(task)?.revision;
  return { kind: 'take-lease', target: `task:${task}`, reason: finding.summary, args: { task, revision } };
}

function reroute(finding: Finding, task: string, state: WatchState): Step {
  const open = state.tasks.get(task);
  return {
    kind: 'reroute-task',
    target: `task:${task}`,
    reason: finding.summary,
    args: { task, revision: open?.revision, avoid: open?.master },
  };
}

function stop(task: string, why: string): Step {
  return { kind: 'stop-task', target: `task:${task}`, reason: why, args: { task } };
}

function concurrency(finding: Finding, worker: string, source: string | undefined, value: number): Step {
  return {
    kind: 'set-concurrency',
    target: `worker:${worker}`,
    reason: finding.summary,
    args: { worker, instance: instanceOf(source), value },
  };
}

function ask(finding: Finding, why: string, kind = 'intervention'): Step {
  return { kind: 'ask-person', target: finding.target, reason: why, args: { task: finding.task, kind } };
}

/** The connection behind `ce-source: /cortex/<instance>`; undefined for workers that do not say. */
export function instanceOf(source: string | undefined): string | undefined {
  return source === undefined ? undefined : /^\/cortex\/([^/]+)$/.exec(source)?.[1];
}

function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 100);
}
