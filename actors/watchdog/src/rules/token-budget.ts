// A task that uses its tokens up: a warning first, then it is stopped.
import { EVENT_HOLD_MS, type Finding, LEVEL_HOLD_MS, type Rule } from '../finding.js';
import { traceOf } from './no-heartbeat.js';

export const tokenBudget: Rule = {
  kind: 'token-budget',
  reason:
    '0.8 of the budget leaves time to finish, 0.95 leaves room for the call under way: a beat comes every 5 s, and a call costs a few per cent of a usual budget.',
  on(state, event, now, limits) {
    if (event.kind === 'step' && event.step === 'settled') {
      const { outcome } = event;
      const budget = event.tokenBudget;
      if (!outcome?.tokens || !budget || outcome.tokens <= budget) return [];
      return [
        found('warning', event.task, event.master, outcome.worker, outcome.tokens, budget, event.traceId, now, true),
      ];
    }
    if (event.kind !== 'beat' || event.tasks.length !== 1) return [];
    const tokens = event.gauges.tokens ?? event.gauges.tokens_used;
    const task = state.tasks.get(event.tasks[0] as string);
    if (tokens === undefined || !task?.tokenBudget) return [];
    const share = tokens / task.tokenBudget;
    if (share < limits.tokensWarn) return [];
    const severity = share >= limits.tokensStop ? 'critical' : 'warning';
    return [found(severity, task.task, task.master, event.worker, tokens, task.tokenBudget, task.traceId, now, false)];
  },
};

function found(
  severity: 'warning' | 'critical',
  task: string,
  master: string,
  worker: string | undefined,
  tokens: number,
  budget: number,
  traceId: string | undefined,
  now: number,
  over: boolean,
): Finding {
  return {
    kind: 'token-budget',
    target: `task:${task}`,
    severity,
    summary: `task ${task} ${over ? 'used' : 'has used'} ${Math.round((100 * tokens) / budget)} % of its ${budget} tokens`,
    cause: over ? 'it ended beyond its budget' : 'it will not do with what it was given',
    evidence: { tokens, budget, share: Math.round((1_000 * tokens) / budget) / 1_000, over },
    task,
    master,
    ...(worker === undefined ? {} : { worker }),
    ...traceOf(traceId),
    since: now,
    holdMs: over ? EVENT_HOLD_MS : 3 * LEVEL_HOLD_MS,
  };
}
