// Parts of a complex task become tasks of their own; their results come back as data like any other.
import { withSpan } from '@cortex/bus';
import { packPieces } from '../piece.js';
import { STOP_AT } from '../settings.js';
import { explained, type State } from '../state.js';
import { joinSubtasks, makeSubtasks, maySplit, publishSubtasks } from '../subtasks.js';

export async function split(state: State): Promise<State> {
  const parts = state.plan?.subtasks ?? [];
  if (parts.length === 0 && state.memory.subtasks.length === 0) return state;
  const { around, job, spend } = state;
  return withSpan('split', {}, async (span) => {
    let ids = state.memory.subtasks;
    let refused: string[] = [];
    // An earlier attempt may have published them already: they are joined, not made again.
    if (ids.length === 0 && maySplit(state)) {
      const { input, output } = spend.total();
      const limit = Math.min(around.settings.budget.task, budgetOf(job.task) ?? Number.POSITIVE_INFINITY);
      const { made, refused: why } = makeSubtasks(
        { ...job.task, text: job.task.text },
        around.border.passAll(parts.map(({ title, text }) => ({ title, text }))),
        { tokensLeft: Math.max(0, limit * STOP_AT - input - output) },
      );
      refused = why;
      ids = made.map((task) => task.id);
      await publishSubtasks(around.bus, made);
      await around.memory.changeTask(job.task.id, (known) => ({ ...(known ?? state.memory), subtasks: ids }));
    }
    for (const why of refused) span.addEvent('refused', { why });
    span.setAttribute('cortex.subtasks', ids.length);
    if (ids.length === 0) return explained(state, ...refused.map((why) => `refused: ${why}`));
    const results = await job.aside(joinSubtasks(around.bus, ids, around.settings.subtasks.waitMs, job.signal));
    const { kept } = packPieces([...state.pieces, ...results], around.settings.contextTokens + 2_000);
    return explained(
      { ...state, pieces: kept },
      `${ids.length} sub-tasks: ${results.map((piece) => piece.why.replace('a part of this task, ', '')).join(', ')}`,
      ...refused.map((why) => `refused: ${why}`),
    );
  });
}

function budgetOf(task: { readonly [field: string]: unknown }): number | undefined {
  const tokens = (task.budget as { tokens?: unknown } | undefined)?.tokens;
  return typeof tokens === 'number' ? tokens : undefined;
}
