// One master's tasks wait while the others get on.
import { LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { alive } from '../state.js';

export const starvingMaster: Rule = {
  kind: 'starving-master',
  reason:
    'Its queue has not been empty, and nothing of it was settled, for twice what a task may wait (two minutes) while at least five tasks of others were: the trouble is its own, not the bus’s.',
  look(state, now, limits) {
    if (now < state.graceUntil) return [];
    const patience = 2 * limits.pendingMs;
    const masters = [...state.masters.values()];
    const settled = masters.map((master) => master.settlements.filter((at) => at >= now - patience).length);
    const all = settled.reduce((a, b) => a + b, 0);
    return masters.flatMap((master, i) => {
      if (master.waitingSince === undefined || !master.hadWorkers) return [];
      if (now - (master.queue.at(-1)?.at ?? 0) > 30_000) return [];
      const waits = now - Math.max(master.waitingSince, master.settledAt);
      if (waits < patience || all - (settled[i] ?? 0) < 5) return [];
      // Somebody is at it: a long task is not starvation.
      let workers = 0;
      let busy = 0;
      for (const worker of state.workers.values()) {
        if (worker.master !== master.name || !alive(worker, now)) continue;
        workers++;
        if (worker.tasks.size > 0) busy++;
      }
      if (workers > 0 && busy === workers) return [];
      return [
        {
          kind: 'starving-master' as const,
          target: `master:${master.name}`,
          severity: 'critical' as const,
          summary: `${master.queue.at(-1)?.pending ?? '?'} tasks of ${master.name} have waited for ${seconds(waits)} and none was done, while others get on`,
          cause: workers === 0 ? 'it has no worker' : `${workers - busy} of its ${workers} workers do nothing`,
          evidence: { waits_ms: waits, workers, busy, settled_of_others: all - (settled[i] ?? 0) },
          master: master.name,
          since: Math.max(master.waitingSince, master.settledAt),
          holdMs: LEVEL_HOLD_MS,
        },
      ];
    });
  },
};
