// How much the watchdog may do: never the same again and again, never to more than a share of the fleet, never the last master.
import type { WatchState } from '../state.js';
import type { ActionKind, Wanted } from './types.js';

export interface MendLimits {
  readonly coolDownMs: number;
  readonly mostActions: number;
  readonly mostShare: number;
  /** Milliseconds over which the share is counted. */
  readonly shareMs: number;
}

/** What was done lately, oldest first. */
export interface Acts {
  list: { kind: ActionKind; target: string; at: number }[];
}

const MINUTE_MS = 60_000;
/** Leases and routes move single tasks and are cheap; everything else moves processes and masters. */
const MOST_A_MINUTE = { tasks: 300, others: 30 };
const OF_TASKS: ReadonlySet<ActionKind> = new Set(['take-lease', 'reroute-task', 'stop-task']);
const OF_WORKERS: ReadonlySet<ActionKind> = new Set(['restart-worker', 'rest-worker']);

/** Undefined when it may be done; else why not. */
export function forbids(
  acts: Acts,
  wanted: Wanted,
  state: WatchState,
  masters: readonly { name: string; status: string }[],
  limits: MendLimits,
  now: number,
): string | undefined {
  const first = acts.list.findIndex(({ at }) => at >= now - Math.max(MINUTE_MS, limits.shareMs));
  acts.list.splice(0, first < 0 ? acts.list.length : first);
  if (wanted.kind === 'ask-person' || wanted.kind === 'resume-master') return undefined;
  const tasks = OF_TASKS.has(wanted.kind);
  const lately = acts.list.filter((act) => act.at >= now - MINUTE_MS && OF_TASKS.has(act.kind) === tasks).length;
  const most = tasks ? MOST_A_MINUTE.tasks : MOST_A_MINUTE.others;
  if (lately >= most) return `${most} interventions of its kind within a minute are the most`;
  if (OF_WORKERS.has(wanted.kind)) {
    const touched = new Set(
      acts.list.filter((act) => OF_WORKERS.has(act.kind) && act.at >= now - limits.shareMs).map(({ target }) => target),
    );
    const allowed = Math.max(1, Math.floor(limits.mostShare * state.workers.size));
    if (wanted.kind === 'rest-worker' && state.resting.size >= allowed)
      return `${state.resting.size} of ${state.workers.size} workers are set aside, ${allowed} are allowed`;
    if (!touched.has(wanted.target) && touched.size >= allowed)
      return `${touched.size} of ${state.workers.size} workers were restarted or set aside within ${Math.round(limits.shareMs / 1_000)} s, ${allowed} are allowed`;
  }
  if (wanted.kind === 'pause-master') {
    const active = masters.filter(({ status }) => status === 'active').length;
    if (active <= 1) return 'it is the last active master';
    if (active - 1 < masters.length / 2) return `only ${active} of ${masters.length} masters are active`;
  }
  return undefined;
}
