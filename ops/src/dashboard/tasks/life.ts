// Everything about one task: its records from the log, the decision with all votes, its spans, the question about it.
import { taskLog } from '@cortex/bus';
import { stateOf } from '../../cli/commands/task.js';
import { whatIf } from '../../cli/output/index.js';
import type { TaskLife } from '../wire.js';
import type { World } from '../world.js';

/** Undefined for a task the log does not hold. `traceLink` makes the address of a trace elsewhere. */
export async function lifeOf(
  world: World,
  id: string,
  traceLink: (trace: string) => string | null,
): Promise<TaskLife | undefined> {
  const records = (await taskLog(world.bus).history(id)).map(({ record }) => record);
  if (records.length === 0) return undefined;
  // Later records carry the decision without its votes.
  const decided = records.findLast((record) => record.step === 'decided' && record.decision);
  const decision = decided?.decision ?? records.findLast((record) => record.decision)?.decision ?? null;
  const trace = decision?.trace_id;
  return {
    id,
    state: stateOf(records),
    text: records.find((record) => record.task.text !== undefined)?.task.text ?? null,
    records,
    decision,
    what_if: decision ? whatIf(decision) : [],
    spans: trace === undefined ? [] : world.spansOf(trace),
    trace_link: trace === undefined ? null : traceLink(trace),
    review: world.questions().find(({ request }) => request.task === id) ?? null,
  };
}

/** `CORTEX_TRACES_URL` with `{trace}` in it, such as `http://localhost:16686/trace/{trace}`. */
export function traceLinks(template: string | undefined): (trace: string) => string | null {
  if (!template || !/^https?:\/\//.test(template)) return () => null;
  return (trace) =>
    template.includes('{trace}') ? template.replace('{trace}', trace) : `${template.replace(/\/$/, '')}/trace/${trace}`;
}
