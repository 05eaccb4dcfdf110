// A master's queue that grows and grows: more comes in than goes out.
import { LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';
import { alive } from '../state.js';

export const queueGrowing: Rule = {
  kind: 'queue-growing',
  reason:
    'Over a minute of samples: at least 20 wait, more than twice as many as at its start (or as many more as were worked off meanwhile) and more than two minutes of the present rate work off, and it rose in at least two of three steps that moved it. A burst that is being worked off falls in half of its steps.',
  look(state, now, limits) {
    return [...state.masters.values()].flatMap((master) => {
      const window = master.queue.filter(({ at }) => at >= now - limits.queueMs);
      const first = window[0];
      const last = window.at(-1);
      if (!first || !last || window.length < 6 || last.at - first.at < 0.75 * limits.queueMs || now - last.at > 30_000)
        return [];
      if (last.pending < limits.queueLeast) return [];
      let up = 0;
      let down = 0;
      for (let i = 1; i < window.length; i++) {
        const step = (window[i]?.pending ?? 0) - (window[i - 1]?.pending ?? 0);
        if (step > 0) up++;
        else if (step < 0) down++;
      }
      if (up < 2 * down || up < 3) return [];
      let workers = 0;
      for (const worker of state.workers.values()) if (worker.master === master.name && alive(worker, now)) workers++;
      const done = master.settlements.filter((at) => at >= now - limits.queueMs).length;
      // One that is long already need not double: that as much again comes in as goes out is enough.
      if (last.pending <= 2 * first.pending && last.pending - first.pending < Math.max(done, limits.queueLeast))
        return [];
      // Worked off within two such spans at the present rate: a wave, no trouble.
      if (last.pending < 2 * done) return [];
      return [
        {
          kind: 'queue-growing' as const,
          target: `master:${master.name}`,
          severity: 'warning' as const,
          summary: `the queue of ${master.name} grew from ${first.pending} to ${last.pending} in ${seconds(last.at - first.at)}`,
          cause: `${workers} worker(s) settled ${done} meanwhile: too few for what comes in`,
          evidence: { from: first.pending, to: last.pending, over_ms: last.at - first.at, workers, settled: done },
          master: master.name,
          since: first.at,
          holdMs: 5 * LEVEL_HOLD_MS,
        },
      ];
    });
  },
};
