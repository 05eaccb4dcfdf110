// A worker that said nothing for three of its own beats.
import { LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { rhythm, silenceLimit } from '../state.js';

export const noHeartbeat: Rule = {
  kind: 'no-heartbeat',
  reason:
    'Three missed beats of the worker’s own rhythm and a fifth: one lost message in a thousand makes three in a row once in 10^9 beats. After ten minutes it is forgotten.',
  look(state, now) {
    if (now < state.graceUntil) return [];
    return [...state.workers.values()].flatMap((worker) => {
      const silent = now - worker.heardAt;
      if (silent <= silenceLimit(worker) || silent > 600_000) return [];
      const tasks = [...worker.tasks.keys()];
      return [
        {
          kind: 'no-heartbeat' as const,
          target: `worker:${worker.worker}`,
          severity: tasks.length > 0 ? ('critical' as const) : ('warning' as const),
          summary: `worker ${worker.worker} of ${worker.master} has been silent for ${seconds(silent)}`,
          cause: 'it died, hangs, or is cut off from the bus',
          evidence: {
            silent_ms: silent,
            rhythm_ms: Math.round(rhythm(worker)),
            last_status: worker.status,
            tasks: tasks.slice(0, 20),
          },
          worker: worker.worker,
          master: worker.master,
          ...(tasks[0] === undefined ? {} : { task: tasks[0], ...traceOf(state.tasks.get(tasks[0])?.traceId) }),
          since: worker.heardAt,
          holdMs: LEVEL_HOLD_MS,
        },
      ];
    });
  },
};

export function traceOf(traceId: string | undefined): { traceId?: string } {
  return traceId === undefined ? {} : { traceId };
}
