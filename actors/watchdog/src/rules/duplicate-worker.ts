// Two workers at one task, or two processes under one name.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { alive, rhythm } from '../state.js';
import { traceOf } from './no-heartbeat.js';

export const duplicateWorker: Rule = {
  kind: 'duplicate-worker',
  reason:
    'A task passes from one worker to the next within a beat of each; both naming it for two beats more is two doing it. One name from two connections: six turns, a restart makes one.',
  look(state, now) {
    const found: Finding[] = [];
    for (const task of state.tasks.values()) {
      if (task.runs.size < 2) continue;
      const holders = [...task.runs].flatMap(([name, run]) => {
        const worker = state.workers.get(name);
        return worker && alive(worker, now) && worker.tasks.has(task.task) ? [{ worker, run }] : [];
      });
      if (holders.length < 2) continue;
      holders.sort((a, b) => a.run.since - b.run.since);
      const both = now - (holders[1]?.run.since ?? now);
      if (both < 2 * Math.max(...holders.map(({ worker }) => rhythm(worker)))) continue;
      const names = holders.map(({ worker }) => worker.worker);
      found.push({
        kind: 'duplicate-worker',
        target: `task:${task.task}`,
        severity: 'critical',
        summary: `task ${task.task} is being done by ${names.length} workers: ${names.slice(0, 5).join(', ')}`,
        cause: `the first lost its lease and does not know, or somebody took the task beside the queue; for ${seconds(both)}`,
        evidence: { workers: names.slice(0, 20), both_ms: both, attempts: task.attempts },
        task: task.task,
        worker: names[0] as string,
        master: task.master,
        ...traceOf(task.traceId),
        since: holders[1]?.run.since ?? now,
        holdMs: LEVEL_HOLD_MS,
      });
    }
    for (const worker of state.workers.values()) {
      if (worker.turns < 6 || !alive(worker, now)) continue;
      found.push({
        kind: 'duplicate-worker',
        target: `worker:${worker.worker}`,
        severity: 'critical',
        summary: `two processes call themselves ${worker.worker}`,
        cause: 'the same --name was given twice',
        evidence: { turns: worker.turns },
        worker: worker.worker,
        master: worker.master,
        since: worker.heardAt,
        holdMs: 3 * LEVEL_HOLD_MS,
      });
    }
    return found;
  },
};
