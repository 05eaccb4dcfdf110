// A task that runs far longer than it should.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds, type Thresholds } from '../finding.js';
import { alive, longestDuration, type TaskState, type WatchState } from '../state.js';
import { traceOf } from './no-heartbeat.js';

export const stuckRunning: Rule = {
  kind: 'stuck-running',
  reason:
    'Its own budget and a tenth; else what the master’s tasks practically never take (4.5 deviations of their logarithms, more while few are known: at most one in 300,000, and twice the longest of the last 200) or three times the predicted 90th percentile, at least a minute; else an hour, a worker’s own time limit.',
  look(state, now, limits) {
    const found: Finding[] = [];
    for (const worker of state.workers.values()) {
      if (!alive(worker, now)) continue;
      for (const [id, since] of worker.tasks) {
        const task = state.tasks.get(id);
        if (!task) continue;
        const { limit, why } = runLimit(state, task, limits);
        const runs = now - since;
        if (runs <= limit) continue;
        found.push({
          kind: 'stuck-running',
          target: `task:${id}`,
          severity: 'critical',
          summary: `task ${id} has been running on ${worker.worker} for ${seconds(runs)}`,
          cause: `longer than ${seconds(limit)}: ${why}`,
          evidence: { runs_ms: runs, limit_ms: Math.round(limit), gauges: worker.gauges },
          task: id,
          worker: worker.worker,
          master: worker.master,
          ...traceOf(task.traceId),
          since,
          holdMs: LEVEL_HOLD_MS,
        });
      }
    }
    return found;
  },
};

export function runLimit(state: WatchState, task: TaskState, limits: Thresholds): { limit: number; why: string } {
  if (task.minuteBudget !== undefined)
    return { limit: task.minuteBudget * 66_000, why: `its budget is ${task.minuteBudget} min` };
  const history = longestDuration(state.masters.get(task.master));
  const predicted = task.p90Minutes === undefined ? undefined : 3 * task.p90Minutes * 60_000;
  const known = Math.max(history ?? 0, predicted ?? 0);
  if (known > 0)
    return {
      limit: Math.min(limits.runningMs, Math.max(limits.runningLeastMs, known)),
      why: 'hardly any task of its kind takes so long',
    };
  return { limit: limits.runningMs, why: 'nothing is known of its kind' };
}
