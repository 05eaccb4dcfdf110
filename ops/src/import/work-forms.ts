// The forms in which older installations wrote down tasks, workers, metrics, events and registries.
import { opt, quality } from './decision-forms.js';
import {
  BadField,
  confidence,
  type Fields,
  isFields,
  master,
  moment,
  number,
  part,
  positive,
  priority,
  requiredText,
  text,
} from './fields.js';
import type { ImportedRecord } from './records.js';

/** A task-queue entry, a task specification, or a chat task. */
export function task(from: Fields): ImportedRecord[] {
  const id = requiredText(from, 'id', 'task_id');
  const context = part(from, 'context');
  const payload = part(from, 'payload');
  const title = text(from, 'title') ?? text(payload, 'title');
  const body =
    text(context, 'description') ??
    text(payload, 'query') ??
    text(from, 'description', 'task_description', 'text') ??
    text(part(from, 'metadata'), 'original_input') ??
    title;
  const assigned = master(from, 'assigned_to', 'assigned_master', 'master');
  const status = text(from, 'status');
  const at = moment(from, 'created_at') ?? moment(part(from, 'metadata'), 'created_at');
  const records: ImportedRecord[] = [
    {
      kind: 'task',
      key: `task ${id}`,
      task: id,
      ...opt('text', body),
      ...opt('title', title),
      ...opt('type', text(from, 'type', 'task_type')),
      ...opt('priority', priority(from)),
      ...opt('status', status),
      ...opt('master', assigned),
      ...opt('source', text(from, 'created_by') ?? text(part(from, 'metadata'), 'source')),
      ...opt('repository', text(context, 'repository') ?? text(from, 'repository')),
      ...opt('at', at),
    },
  ];
  if (assigned !== undefined && from.routing_confidence !== undefined) {
    records.push({
      kind: 'decision',
      key: `task decision ${id}`,
      task: id,
      master: assigned,
      method: 'ensemble',
      ...opt('text', body),
      ...opt('confidence', confidence(from, 'routing_confidence')),
      ...opt('priority', priority(from)),
      ...opt('explanation', text(from, 'routing_strategy')),
      ...opt('at', moment(from, 'assigned_at') ?? at),
    });
  }
  if (status === 'completed' || status === 'failed') {
    const evidence = from.result ?? from.results;
    records.push({
      kind: 'outcome',
      key: `task outcome ${id}`,
      task: id,
      status,
      success: status === 'completed',
      ...opt('text', body),
      ...opt('master', assigned),
      ...opt('worker', text(from, 'worker_id')),
      ...opt('error', text(from, 'error')),
      ...opt('at', moment(from, 'completed_at', 'updated_at') ?? at),
      ...(status === 'completed' && isEmpty(evidence) ? { doubt: 'completed without a result' } : {}),
    });
  }
  return records;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (isFields(value) && Object.keys(value).length === 0)
  );
}

/** A worker's specification: its gauges, and how its task went. */
export function workerSpec(from: Fields): ImportedRecord[] {
  const worker = requiredText(from, 'worker_id');
  const owner = master(from, 'parent_master', 'created_by');
  const data = part(from, 'task_data');
  const id = text(from, 'task_id') ?? text(data, 'id', 'task_id');
  const status = text(from, 'status');
  const execution = part(from, 'execution');
  const resources = part(from, 'resources');
  const heartbeat = part(from, 'heartbeat');
  const health = part(heartbeat, 'health');
  const seconds = positive(execution, 'duration_seconds');
  const minutes = positive(execution, 'duration_minutes') ?? (seconds === undefined ? undefined : seconds / 60);
  const tokens = positive(execution, 'tokens_used');
  const at = moment(heartbeat, 'last_heartbeat') ?? moment(execution, 'completed_at', 'started_at');
  const gauges = numbers({
    token_budget: resources.token_allocation ?? resources.token_budget,
    time_limit_minutes: resources.time_limit_minutes ?? resources.timeout_minutes,
    tokens,
    minutes,
    cpu: share(health.cpu_usage_percent),
    memory_mb: health.memory_usage_mb,
    health_score: health.health_score,
    tokens_remaining: health.tokens_remaining,
    active_seconds: health.active_for_seconds,
    heartbeats_missed: heartbeat.missed_count,
    heartbeat_sequence: heartbeat.heartbeat_sequence,
  });
  const records: ImportedRecord[] = [
    {
      kind: 'metrics',
      of: 'worker',
      key: `worker ${worker} ${at ?? ''} ${status ?? ''}`,
      source: worker,
      gauges,
      ...opt('master', owner),
      ...opt('task', id),
      ...opt('status', status),
      ...opt('at', at),
    },
  ];
  if (id !== undefined && (status === 'completed' || status === 'failed')) {
    records.push({
      kind: 'outcome',
      key: `worker outcome ${worker} ${id}`,
      task: id,
      worker,
      status,
      success: status === 'completed',
      ...opt('master', owner),
      ...opt('text', text(data, 'description', 'title', 'text') ?? text(part(from, 'scope'), 'description')),
      ...opt('minutes', minutes),
      ...opt('tokens', tokens),
      ...opt('at', moment(execution, 'completed_at') ?? at),
      ...(status === 'completed' && isEmpty(from.results) ? { doubt: 'completed without results' } : {}),
    });
  }
  return records;
}

function share(percent: unknown): number | undefined {
  return typeof percent === 'number' ? percent / 100 : undefined;
}

/** All finite numbers, also those written as text. */
function numbers(from: Fields): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(from)) {
    if (typeof value !== 'number' && typeof value !== 'string') continue;
    const read = number({ [name]: value }, name);
    if (read !== undefined) found[name] = read;
  }
  return found;
}

/** A worker's finished work, scored. Failures are kept: a success predictor learns nothing without them. */
export function trainingExample(from: Fields): ImportedRecord[] {
  const example = requiredText(from, 'example_id');
  const id = requiredText(from, 'task_id');
  const outcome = part(from, 'outcome');
  const metrics = part(outcome, 'metrics');
  const scores = part(outcome, 'scores');
  const seconds = positive(metrics, 'duration_seconds');
  const status = text(outcome, 'status') ?? (text(from, 'example_type') === 'negative' ? 'failed' : 'completed');
  const success = status === 'completed' || status === 'success';
  const context = part(from, 'context');
  const contradicts =
    (text(from, 'example_type') === 'positive') !== success && text(from, 'example_type') !== undefined;
  return [
    {
      kind: 'outcome',
      key: `example ${example}`,
      task: id,
      status: success ? 'completed' : 'failed',
      success,
      ...opt('worker', text(from, 'worker_id')),
      ...opt('master', master(context, 'master', 'parent_master') ?? master(part(from, 'action'), 'master')),
      ...opt('text', text(context, 'task_description', 'description', 'title')),
      ...opt('minutes', seconds === undefined ? undefined : seconds / 60),
      ...opt('tokens', positive(metrics, 'tokens_used')),
      ...opt('quality', quality(scores, 'quality')),
      ...opt('at', moment(from, 'created_at', 'timestamp')),
      ...(contradicts ? { doubt: 'example_type contradicts the status' } : {}),
    },
  ];
}

/** A snapshot of the whole system, or a line of `metrics/…/history.jsonl`: every number becomes a gauge, named by its path. */
export function metrics(from: Fields): ImportedRecord[] {
  const gauges: Record<string, number> = {};
  flatten(from, '', gauges, 0);
  if (Object.keys(gauges).length === 0) throw new BadField('(document)', 'holds no number');
  const at = moment(from, 'timestamp', 'at', 'snapshot_at', 'generated_at', 'last_updated', 'date');
  const source = master(from, 'master') ?? text(from, 'component', 'source', 'name') ?? 'system';
  return [
    {
      kind: 'metrics',
      of: 'system',
      key: `metrics ${source} ${at ?? JSON.stringify(gauges)}`,
      source,
      gauges,
      ...opt('at', at),
    },
  ];
}

function flatten(from: Fields, path: string, into: Record<string, number>, depth: number): void {
  for (const [name, value] of Object.entries(from)) {
    const key = path === '' ? name : `${path}.${name}`;
    if (typeof value === 'number' && Number.isFinite(value)) into[key] = value;
    else if (isFields(value) && depth < 5) flatten(value, key, into, depth + 1);
  }
}

export function event(from: Fields): ImportedRecord[] {
  const type = requiredText(from, 'event_type');
  const payload = part(from, 'payload');
  const at = moment(from, 'timestamp');
  const id = text(from, 'event_id');
  return [
    {
      kind: 'event',
      key: `event ${id ?? `${type} ${at ?? ''} ${JSON.stringify(from).slice(0, 400)}`}`,
      type,
      body: payload,
      ...opt('source', text(from, 'source')),
      ...opt('trace', text(from, 'correlation_id')),
      ...opt('task', text(payload, 'task_id')),
      ...opt('at', at),
    },
  ];
}

/** Spans of the older tracer: their ids are not W3C's, and a parent names a correlation, not a span. */
export function span(from: Fields): ImportedRecord[] {
  const id = requiredText(from, 'span_id');
  const trace = requiredText(from, 'correlation_id');
  return [
    {
      kind: 'event',
      key: `span ${trace} ${id} ${text(from, 'event_type') ?? ''}`,
      type: `span.${text(from, 'event_type') ?? 'unknown'}`,
      trace,
      body: { span_id: id, parent: text(from, 'parent_span_id') ?? null, ...part(from, 'event_data') },
      ...opt('source', text(from, 'hostname')),
      ...opt('at', moment(from, 'timestamp')),
    },
  ];
}

export function versions(from: Fields): ImportedRecord[] {
  const name = master(from, 'master', 'name') ?? 'unnamed';
  return [
    { kind: 'registry', of: 'versions', key: `versions ${name} ${JSON.stringify(from.aliases)}`, name, body: from },
  ];
}

export function prompt(from: Fields): ImportedRecord[] {
  const name = requiredText(from, 'id', 'name');
  return [{ kind: 'registry', of: 'prompt', key: `prompt ${name}`, name, body: from }];
}

export function policy(from: Fields): ImportedRecord[] {
  return [
    {
      kind: 'registry',
      of: 'policy',
      key: `policy ${JSON.stringify(from).slice(0, 400)}`,
      name: 'queue-policy',
      body: from,
    },
  ];
}
