// Messages to rows. Pure and total: a message that cannot be read becomes a row that says why and holds it whole, so that the rows are as many
// as the messages.
import {
  alertSchema,
  canonicalMaster,
  decodeMessage,
  forecastSchema,
  InvalidMessage,
  type LogRecord,
  logRecordSchema,
  telemetrySchema,
} from '@cortex/schemas';
import type { Placed } from './parts.js';
import type { Cell, Row, TableName } from './tables.js';

export type MessageKind = 'log' | 'telemetry' | 'forecast' | 'alert';

export interface StoredMessage {
  readonly kind: MessageKind;
  /** See `sourceOf`. */
  readonly source: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  readonly data: Uint8Array;
}

/** One row, or two for a decision: itself and its features. */
export function rowsOf(message: StoredMessage): Placed[] {
  const place = { sequence: message.sequence, stored_at: message.storedAt };
  const placed = (table: TableName, row: Row): Placed => ({
    table,
    source: message.source,
    row: { ...place, ...row },
  });
  try {
    switch (message.kind) {
      case 'log': {
        const record = decodeMessage('log record', logRecordSchema, message.data);
        if (record.step !== 'decided') return [placed('outcomes', outcomeRow(record))];
        return [placed('decisions', decisionRow(record)), placed('features', featureRow(record))];
      }
      case 'telemetry': {
        const t = decodeMessage('telemetry', telemetrySchema, message.data);
        const { cpu, memory_mb, tokens } = t.gauges;
        return [
          placed('worker-metrics', {
            ...some({ worker: t.worker, status: t.status, task: t.task, cpu, memory_mb, tokens }),
            master: canonicalMaster(t.master),
            happened_at: Date.parse(t.at),
            gauges: JSON.stringify(t.gauges),
            record: JSON.stringify({ ...t, gauges: undefined }),
          }),
        ];
      }
      case 'forecast': {
        const f = decodeMessage('forecast', forecastSchema, message.data);
        return [
          placed('system-metrics', {
            ...some({ value: f.p50, p90: f.p90, horizon_seconds: f.horizon_seconds }),
            kind: 'forecast',
            name: f.what,
            happened_at: Date.parse(f.at),
            record: JSON.stringify(f),
          }),
        ];
      }
      case 'alert': {
        const a = decodeMessage('alert', alertSchema, message.data);
        return [
          placed('system-metrics', {
            ...some({ severity: a.severity, summary: a.summary, master: a.master, worker: a.worker, task: a.task }),
            kind: 'alert',
            name: a.kind,
            happened_at: Date.parse(a.at),
            record: JSON.stringify(a),
          }),
        ];
      }
    }
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error;
    const table =
      message.kind === 'log' ? 'outcomes' : message.kind === 'telemetry' ? 'worker-metrics' : 'system-metrics';
    const raw = new TextDecoder().decode(message.data);
    return [
      placed(table, {
        problem: error.message,
        record: JSON.stringify(raw),
        ...(table === 'system-metrics' ? { kind: message.kind } : {}),
      }),
    ];
  }
}

/** A number measured here and now, such as the depth of a stream. */
export function sampleRow(source: string, at: number, name: string, value: number): Placed {
  return {
    table: 'system-metrics',
    source,
    row: { sequence: null, stored_at: at, kind: 'sample', name, happened_at: at, value },
  };
}

function decisionRow(record: LogRecord): Row {
  const { task, decision: d } = record;
  const { text, ...rest } = task;
  return {
    ...some({ text, source: task.source, repository: task.repository, title: task.title, trace_id: d?.trace_id }),
    ...some({
      method: d?.method,
      confidence: d?.confidence,
      propensity: d?.propensity,
      arm: d?.arm,
      assigned: d?.assigned,
    }),
    ...some({ latency_ms: d?.latency_ms, master: d?.master }),
    task: task.id,
    revision: record.revision,
    happened_at: Date.parse(record.at),
    written_by: record.by,
    priority: task.priority,
    candidates: JSON.stringify(d?.candidates ?? []),
    probabilities: JSON.stringify(d?.probabilities ?? {}),
    models: JSON.stringify(d?.models ?? {}),
    provenance: declaredProvenance(task),
    record: JSON.stringify({ ...record, task: rest }),
  };
}

function outcomeRow(record: LogRecord): Row {
  const { outcome: o } = record;
  const { text: _text, ...rest } = record.task;
  return {
    ...some({ master: record.decision?.master, decided_revision: record.decided_revision }),
    ...some({ settled_as: record.settled_as, status: o?.status, success: o?.success, worker: o?.worker }),
    ...some({ attempts: record.attempts, minutes: o?.minutes, tokens: o?.tokens, cost_usd: o?.cost_usd }),
    ...some({ quality: o?.quality, error: o?.error, prompt: o?.prompt, reason: record.reason }),
    ...some({ correct_master: record.correction?.master, corrected_by: record.correction?.by }),
    ...some({ text_sha256: record.text_sha256 }),
    task: record.task.id,
    step: record.step,
    revision: record.revision,
    happened_at: Date.parse(record.at),
    written_by: record.by,
    record: JSON.stringify({ ...record, task: rest }),
  };
}

/** Fields of a task that have a column, or are none of its features. */
const NAMED = new Set([
  'id',
  'text',
  'title',
  'priority',
  'source',
  'repository',
  'labels',
  'deadline',
  'budget',
  'master',
]);

function featureRow(record: LogRecord): Row {
  const { task, decision: d } = record;
  const text = task.text ?? '';
  const at = new Date(record.at);
  const odds = Object.values(d?.probabilities ?? {}).sort((a, b) => b - a);
  const budget = task.budget as { tokens?: number; minutes?: number } | undefined;
  const p = d?.prediction;
  return {
    ...some({ master: d?.master, source: task.source, repository: task.repository, confidence: d?.confidence }),
    ...some({ budget_tokens: budget?.tokens, budget_minutes: budget?.minutes, predicted_success: p?.success }),
    ...some({ predicted_minutes: p?.minutes?.p50, predicted_tokens: p?.tokens?.p50 }),
    ...some({ predicted_complexity: p?.complexity }),
    ...(typeof task.deadline === 'string'
      ? { deadline_minutes: (Date.parse(task.deadline) - at.getTime()) / 60_000 }
      : {}),
    task: task.id,
    priority: task.priority,
    text_length: text.length,
    words: text.match(/\S+/gu)?.length ?? 0,
    lines: text === '' ? 0 : text.split('\n').length,
    hour_utc: at.getUTCHours(),
    weekday_utc: at.getUTCDay(),
    margin: (odds[0] ?? 0) - (odds[1] ?? 0),
    entropy: odds.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0),
    candidates: d?.candidates.length ?? 0,
    voices: d?.experts.filter((vote) => !vote.abstained).length ?? 0,
    labels: JSON.stringify(task.labels ?? {}),
    more: JSON.stringify(Object.fromEntries(Object.entries(task).filter(([key]) => !NAMED.has(key)))),
  };
}

/** What a task says of itself: `labels.provenance`, or a `source` named test or generated. */
export function declaredProvenance(task: Readonly<Record<string, unknown>>): 'real' | 'test' | 'generated' {
  const labels = task.labels as Record<string, unknown> | undefined;
  for (const said of [labels?.provenance, task.provenance, task.source])
    if (said === 'test' || said === 'generated') return said;
  return 'real';
}

/** Leaves out what is not there; what is no cell (a loose field may hold anything) becomes JSON. */
function some(fields: Readonly<Record<string, unknown>>): Record<string, Cell> {
  const row: Record<string, Cell> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    row[key] = typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
  }
  return row;
}

/** The record a row was made from. Undefined for a row that holds an unreadable message. */
export function recordOf(row: Row): LogRecord | undefined {
  if (row.problem !== null && row.problem !== undefined) return undefined;
  const record = JSON.parse(String(row.record)) as LogRecord;
  if (typeof row.text === 'string') record.task.text = row.text;
  return record;
}
