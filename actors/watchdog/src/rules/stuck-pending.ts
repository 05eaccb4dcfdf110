// A task that waits although somebody could do it, or because nobody is there at all.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { alive } from '../state.js';
import { traceOf } from './no-heartbeat.js';

/** More than this of one master is one trouble of the master: the queue rules speak for the rest. */
const MOST_A_MASTER = 20;

export const stuckPending: Rule = {
  kind: 'stuck-pending',
  reason:
    'A worker looks round every 5 s at the latest, so a task beside an idle worker is taken within 10 s; six times that leaves room for leases (30 s) that run out first. Critical tasks a third of it. What waits its turn in the queue is not stuck: it has been handed out to nobody known, or later ones were begun before it.',
  look(state, now, limits) {
    if (now < state.graceUntil) return [];
    const idle = new Map<string, number>();
    const there = new Set<string>();
    for (const worker of state.workers.values()) {
      if (!alive(worker, now)) continue;
      there.add(worker.master);
      if (
        worker.idleSince !== undefined &&
        now - worker.idleSince > Math.min(10_000, limits.pendingMs / 2) &&
        !state.resting.has(worker.worker)
      )
        idle.set(worker.master, (idle.get(worker.master) ?? 0) + 1);
    }
    const found: Finding[] = [];
    const told = new Map<string, number>();
    for (const task of state.tasks.values()) {
      if (task.runs.size > 0) continue;
      const waits = now - task.decidedAt;
      if (waits < limits.pendingMs * (task.priority === 'critical' ? 1 / 3 : 1)) continue;
      const nobody = !there.has(task.master);
      const master = state.masters.get(task.master);
      // In the queue it waits its turn, and a worker that takes nothing is its own trouble; out of the queue and with nobody, or overtaken
      // by later ones, it is stuck.
      const overtaken = (master?.begunUpTo[task.priority] ?? 0) - task.decidedAt > limits.pendingMs / 2;
      const delivered = idle.has(task.master) && master?.queue.at(-1)?.pending === 0;
      if (!nobody && !overtaken && !delivered) continue;
      // Telemetry is optional: where no worker was ever heard, nobody knows who takes its tasks, or whether anybody shall.
      if (nobody && master?.hadWorkers !== true) continue;
      const count = (told.get(task.master) ?? 0) + 1;
      told.set(task.master, count);
      if (count > MOST_A_MASTER) continue;
      found.push({
        kind: 'stuck-pending',
        target: `task:${task.task}`,
        severity: task.priority === 'critical' ? 'critical' : 'warning',
        summary: `task ${task.task} has been waiting for ${task.master} for ${seconds(waits)}`,
        cause: nobody
          ? `no worker of ${task.master} is alive`
          : overtaken
            ? `later tasks of ${task.master} were begun before it: somebody holds it and does not say so`
            : `it was handed out, and no worker of ${task.master} says that it has it`,
        evidence: { waits_ms: waits, priority: task.priority, idle_workers: idle.get(task.master) ?? 0 },
        task: task.task,
        master: task.master,
        ...traceOf(task.traceId),
        since: task.decidedAt,
        holdMs: LEVEL_HOLD_MS,
      });
    }
    return found;
  },
};
