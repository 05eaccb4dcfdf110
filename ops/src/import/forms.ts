// Which of the older forms a document has: by the fields it holds, most telling first; a file's name says nothing reliable.
import {
  complexityRoute,
  golden,
  handoff,
  judged,
  moeLog,
  plainDecision,
  routedTo,
  routingEvent,
} from './decision-forms.js';
import { BadField, type Fields, isFields } from './fields.js';
import type { ImportedRecord } from './records.js';
import { event, metrics, policy, prompt, span, task, trainingExample, versions, workerSpec } from './work-forms.js';

interface Form {
  readonly name: string;
  readonly fits: (from: Fields) => boolean;
  readonly read: (from: Fields) => ImportedRecord[];
}

const has = (from: Fields, ...names: string[]) => names.every((name) => from[name] !== undefined);
const any = (from: Fields, ...names: string[]) => names.some((name) => from[name] !== undefined);

const FORMS: readonly Form[] = [
  { name: 'routing event', fits: (f) => has(f, 'final_decision') || has(f, 'routing_layers'), read: routingEvent },
  { name: 'golden case', fits: (f) => any(f, 'ideal_expert', 'expected_expert', 'expected_master'), read: golden },
  { name: 'judgement', fits: (f) => has(f, 'suggested_expert'), read: judged },
  { name: 'routing decision', fits: (f) => isFields(f.decision) && has(f.decision, 'primary_expert'), read: moeLog },
  { name: 'routing decision', fits: (f) => has(f, 'routed_to'), read: routedTo },
  { name: 'training example', fits: (f) => has(f, 'example_id'), read: trainingExample },
  { name: 'hand-off', fits: (f) => has(f, 'handoff_id'), read: handoff },
  {
    name: 'worker specification',
    fits: (f) => has(f, 'worker_id') && any(f, 'worker_type', 'parent_master', 'execution', 'heartbeat', 'resources'),
    read: workerSpec,
  },
  { name: 'trace', fits: (f) => has(f, 'span_id', 'correlation_id'), read: span },
  { name: 'event', fits: (f) => has(f, 'event_type'), read: event },
  { name: 'routing decision', fits: (f) => has(f, 'task_id', 'expert'), read: complexityRoute },
  { name: 'routing decision', fits: (f) => has(f, 'task_id', 'selected_master'), read: plainDecision },
  {
    name: 'routing decision',
    fits: (f) => has(f, 'task_id', 'master') && any(f, 'confidence', 'routing_reason'),
    read: plainDecision,
  },
  { name: 'version registry', fits: (f) => isFields(f.aliases), read: versions },
  { name: 'prompt', fits: (f) => has(f, 'versions') && any(f, 'id', 'name', 'category'), read: prompt },
  { name: 'queue policy', fits: (f) => any(f, 'starvation_bonus', 'priority_weights') && !has(f, 'id'), read: policy },
  {
    name: 'task',
    fits: (f) =>
      any(f, 'id', 'task_id') && any(f, 'title', 'status', 'payload', 'context', 'description', 'text', 'type'),
    read: task,
  },
  {
    name: 'metrics',
    fits: (f) =>
      any(f, 'workers', 'tokens', 'orchestrator', 'execution_managers', 'metrics') ||
      // Whatever has a time may be a snapshot, but not what tells of one task: read as figures, its decision would be lost without a word.
      (any(f, 'timestamp', 'at', 'snapshot_at', 'generated_at', 'last_updated', 'date') &&
        !any(f, 'task_id', 'task_description')),
    read: metrics,
  },
];

export interface Recognised {
  readonly form: string;
  readonly records: ImportedRecord[];
}

/** Throws {@link BadField} when no form fits, or when the form's fields cannot be meant. */
export function recognise(from: Fields): Recognised {
  const unwrapped = redisEntry(from) ?? from;
  const form = FORMS.find((candidate) => candidate.fits(unwrapped));
  if (!form) {
    const fields = Object.keys(unwrapped).slice(0, 6).join(', ') || 'none';
    throw new BadField('(document)', `is of no form that is known (its fields: ${fields})`);
  }
  return { form: form.name, records: form.read(unwrapped) };
}

/** A dumped list or string of the older queue: `{key: "cortex:queue:high", value: "{…}"}`. */
function redisEntry(from: Fields): Fields | undefined {
  const { key, value } = from;
  const match = typeof key === 'string' ? /^cortex:(queue|result):(.+)$/.exec(key) : null;
  if (!match) return undefined;
  let inner: unknown = value;
  if (typeof value === 'string') {
    try {
      inner = JSON.parse(value);
    } catch {
      throw new BadField('value', 'is not JSON');
    }
  }
  if (!isFields(inner)) throw new BadField('value', 'is not a JSON object');
  if (match[1] === 'queue') return { priority: match[2], ...inner };
  return { task_id: match[2], status: inner.error ? 'failed' : 'completed', result: inner, ...inner };
}
