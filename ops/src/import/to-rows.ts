// Imported records as the rows that the recorder keeps, so that old history and new are one table and train the same way. Pure.
// The one thing to know: what older files do not say (propensity, votes) stays unsaid, and every row carries its file, form and line.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type Placed, rowsOf } from '@cortex/models';
import type { Decision, LogRecord, Method, Outcome, Priority, Telemetry } from '@cortex/schemas';
import type { ImportedDecision, ImportedMetrics, ImportedOutcome, Sourced } from './records.js';

/** What is known of a task from other records, perhaps of other files. */
export interface TaskFacts {
  readonly text?: string;
  /** Whether a decision of this task is among the rows. */
  readonly decided: boolean;
}

export class RowMaker {
  private sequence = 0;
  /** Rows without a time of their own stand where the row before them stood. */
  private clock = 0;

  /** @param source name of the kept source: one per file, by its content, so that a second import writes the same rows. */
  constructor(readonly source: string) {}

  rows(found: Sourced, facts: TaskFacts): Placed[] {
    const { record } = found;
    if ('at' in record && record.at !== undefined) this.clock = Date.parse(record.at);
    switch (record.kind) {
      case 'decision':
        return this.log(decidedRecord(found, record, facts));
      case 'outcome': {
        const text = record.text ?? facts.text;
        const before =
          facts.decided || record.master === undefined || text === undefined
            ? []
            : this.log(decidedRecord(found, inferred(record, record.master), facts));
        return [...before, ...this.log(outcomeRecord(found, record))];
      }
      case 'label': {
        const task = `label-${createHash('sha256').update(record.text).digest('hex').slice(0, 16)}`;
        const { text, master } = record;
        return [
          ...this.log(
            decidedRecord(
              found,
              { kind: 'decision', key: '', task, text, master, method: 'human' },
              { decided: false },
            ),
          ),
          ...this.log(
            outcomeRecord(
              found,
              { kind: 'outcome', key: '', task, status: 'unknown', correct_master: master },
              record.by,
            ),
          ),
        ];
      }
      case 'metrics':
        return this.metrics(record);
      default:
        return [];
    }
  }

  private log(record: LogRecord): Placed[] {
    return this.message('log', record);
  }

  private message(kind: 'log' | 'telemetry', body: object): Placed[] {
    const data = new TextEncoder().encode(JSON.stringify(body));
    return rowsOf({ kind, source: this.source, sequence: ++this.sequence, storedAt: this.clock, data });
  }

  private metrics(record: ImportedMetrics): Placed[] {
    if (record.of === 'worker') {
      const telemetry: Telemetry = {
        worker: record.source.slice(0, 128),
        master: record.master ?? 'unknown',
        at: new Date(this.clock).toISOString(),
        status: (record.status ?? 'unknown').slice(0, 64),
        ...(record.task === undefined ? {} : { task: record.task }),
        gauges: record.gauges,
      };
      return this.message('telemetry', telemetry);
    }
    return Object.entries(record.gauges).map(([name, value]) => ({
      table: 'system-metrics' as const,
      source: this.source,
      row: {
        sequence: ++this.sequence,
        stored_at: this.clock,
        kind: 'sample',
        name: `${record.source}.${name}`,
        happened_at: this.clock,
        value,
      },
    }));
  }
}

/** An outcome names who did the work but no decision is kept: that it went there is all that is known. */
function inferred(outcome: ImportedOutcome, master: string): ImportedDecision {
  const { task, text, at } = outcome;
  return {
    kind: 'decision',
    key: '',
    task,
    master,
    method: 'fallback',
    explanation: 'known from its outcome alone',
    ...(text === undefined ? {} : { text }),
    ...(at === undefined ? {} : { at }),
  };
}

function base(found: Sourced, task: string, at: string | undefined, text: string | undefined) {
  return {
    record: `import ${basename(found.file)}:${found.line}`.slice(0, 200),
    at: at ?? new Date(0).toISOString(),
    by: 'import',
    task: {
      id: task,
      priority: 'medium' as Priority,
      ...(text === undefined ? {} : { text }),
      provenance: found.provenance,
      imported: { form: found.form, file: basename(found.file), line: found.line },
    },
  };
}

function decidedRecord(found: Sourced, from: ImportedDecision, facts: TaskFacts): LogRecord {
  const common = base(found, from.task, from.at, from.text ?? facts.text);
  const decision: Decision = {
    task: from.task,
    master: from.master,
    confidence: from.confidence ?? 0,
    probabilities: from.probabilities ?? (from.confidence === undefined ? {} : { [from.master]: from.confidence }),
    experts: (from.votes ?? []).map((vote) => ({
      name: vote.name,
      probabilities:
        vote.master !== undefined && vote.confidence !== undefined ? { [vote.master]: vote.confidence } : {},
      latency_ms: vote.latency_ms ?? 0,
      abstained: vote.success === false || vote.attempted === false || vote.master === undefined,
    })),
    method: from.method as Method,
    propensity: 1,
    propensity_known: false,
    candidates: [from.master],
    models: {},
    arm: 'champion',
    explanation: from.explanation === undefined ? [] : [from.explanation],
    latency_ms: from.latency_ms ?? 0,
    decided_at: common.at,
  };
  return {
    ...common,
    task: {
      ...common.task,
      ...(from.priority === undefined ? {} : { priority: from.priority as Priority }),
      ...(from.source === undefined ? {} : { source: from.source }),
    },
    step: 'decided',
    revision: 1,
    decision,
  };
}

const FINAL = new Set(['completed', 'failed', 'cancelled', 'expired']);

function outcomeRecord(found: Sourced, from: ImportedOutcome, by = 'import'): LogRecord {
  const outcome: Outcome | undefined = FINAL.has(from.status)
    ? {
        task: from.task,
        status: from.status as Outcome['status'],
        ...(from.master === undefined ? {} : { master: from.master }),
        ...(from.worker === undefined ? {} : { worker: from.worker }),
        ...(from.success === undefined ? {} : { success: from.success }),
        ...(from.correct_master === undefined ? {} : { correct_master: from.correct_master }),
        ...(from.minutes === undefined ? {} : { minutes: from.minutes }),
        ...(from.tokens === undefined ? {} : { tokens: Math.round(from.tokens) }),
        ...(from.quality === undefined ? {} : { quality: from.quality }),
        ...(from.error === undefined ? {} : { error: from.error }),
      }
    : undefined;
  return {
    ...base(found, from.task, from.at, undefined),
    step: outcome ? 'settled' : 'corrected',
    revision: 2,
    decided_revision: 1,
    ...(outcome ? { outcome, settled_as: 'settled' as const } : {}),
    ...(from.correct_master === undefined ? {} : { correction: { master: from.correct_master, by } }),
    ...(from.doubt === undefined ? {} : { reason: from.doubt }),
  };
}
