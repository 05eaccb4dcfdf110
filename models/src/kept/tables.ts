// The tables of kept training data: which columns each has, their types and meaning. docs/training-data.md is the same list for people.
// The one thing to know: a column may be added, never renamed or given another type, so that files of all ages read as one table,
// and no name is a word of SQL, so that none must be quoted.

export type ColumnType = 'STRING' | 'DOUBLE' | 'INT64' | 'INT32' | 'BOOLEAN' | 'TIMESTAMP';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Meaning and unit. `JSON` at its start: a string that holds JSON. */
  readonly about: string;
}

const column = (name: string, type: ColumnType, about: string): Column => ({ name, type, about });

/** Where the row came from: every table begins with these. */
const PLACE: readonly Column[] = [
  column('sequence', 'INT64', 'Sequence of the message in its stream; null for a sample that was no message.'),
  column('stored_at', 'TIMESTAMP', 'When the server stored it, UTC; the date of the folder.'),
];

const LAST: readonly Column[] = [
  column('problem', 'STRING', 'Why the message could not be read as what its subject says; null for a sound one.'),
  column('record', 'STRING', 'JSON of the whole message, without what stands in its own `text` column.'),
];

const TASK: readonly Column[] = [
  column('task', 'STRING', 'Id of the task.'),
  column('master', 'STRING', 'The master of the decision in force.'),
];

export const TABLES = {
  decisions: {
    path: 'routing/decisions',
    columns: [
      ...PLACE,
      ...TASK,
      column('revision', 'INT32', 'Counts the records of the task, from 1.'),
      column('happened_at', 'TIMESTAMP', 'When it was decided, UTC.'),
      column('written_by', 'STRING', 'Coordinator that appended it.'),
      column('method', 'STRING', 'ensemble, rule, fallback, pinned, explore or human.'),
      column('confidence', 'DOUBLE', 'Calibrated, 0 to 1.'),
      column('propensity', 'DOUBLE', 'Probability with which this master was drawn, 0 to 1.'),
      column('arm', 'STRING', 'Which model decided: champion, challenger or shadow.'),
      column('assigned', 'STRING', 'The arm that the split gave the task, by which trials are analysed.'),
      column('priority', 'STRING', 'critical, high, medium or low.'),
      column('source', 'STRING', 'Where the task came from.'),
      column('repository', 'STRING', 'The repository it is about.'),
      column('title', 'STRING', 'A short name.'),
      column('text', 'STRING', 'What is to be done.'),
      column('candidates', 'STRING', 'JSON list: the conformal set.'),
      column('probabilities', 'STRING', 'JSON object: probability per master.'),
      column('models', 'STRING', 'JSON object: model versions used.'),
      column('latency_ms', 'DOUBLE', 'Milliseconds from receipt to decision.'),
      column('trace_id', 'STRING', 'W3C trace id.'),
      column('provenance', 'STRING', 'real, test or generated, as the task says of itself; real when it says nothing.'),
      ...LAST,
    ],
  },
  outcomes: {
    path: 'routing/outcomes',
    columns: [
      ...PLACE,
      ...TASK,
      column('step', 'STRING', 'settled, corrected, cancelled, expired, escalated or admitted.'),
      column('revision', 'INT32', 'Counts the records of the task, from 1.'),
      column('decided_revision', 'INT32', 'Revision of the decision it belongs to.'),
      column('happened_at', 'TIMESTAMP', 'When it was appended, UTC.'),
      column('written_by', 'STRING', 'Coordinator that appended it.'),
      column('settled_as', 'STRING', 'settled, cancelled or expired once the task is at its end.'),
      column('status', 'STRING', 'completed, failed, cancelled or expired, as claimed.'),
      column('success', 'BOOLEAN', 'Whether the goal was reached.'),
      column('worker', 'STRING', 'Who did it.'),
      column('attempts', 'INT32', 'Highest delivery count seen.'),
      column('correct_master', 'STRING', 'Where the task should have gone: the strongest label.'),
      column('corrected_by', 'STRING', 'Who says so.'),
      column('minutes', 'DOUBLE', 'Minutes of work.'),
      column('tokens', 'DOUBLE', 'LLM tokens.'),
      column('cost_usd', 'DOUBLE', 'US dollars.'),
      column('quality', 'DOUBLE', '0 to 1.'),
      column('error', 'STRING', 'What went wrong.'),
      column('prompt', 'STRING', 'Prompt version.'),
      column('reason', 'STRING', 'Why it was cancelled, escalated or expired.'),
      column('text_sha256', 'STRING', 'Hash of the task text.'),
      ...LAST,
    ],
  },
  features: {
    path: 'routing/features',
    columns: [
      ...PLACE,
      ...TASK,
      column('priority', 'STRING', 'critical, high, medium or low.'),
      column('source', 'STRING', 'Where the task came from.'),
      column('repository', 'STRING', 'The repository it is about.'),
      column('text_length', 'INT32', 'UTF-16 code units of the text.'),
      column('words', 'INT32', 'Runs of non-blank characters in the text.'),
      column('lines', 'INT32', 'Lines of the text.'),
      column('hour_utc', 'INT32', 'Hour of the decision, 0 to 23.'),
      column('weekday_utc', 'INT32', 'Day of the decision, 0 = Sunday.'),
      column('deadline_minutes', 'DOUBLE', 'Minutes from the decision to the deadline.'),
      column('budget_tokens', 'DOUBLE', 'Most tokens to spend.'),
      column('budget_minutes', 'DOUBLE', 'Most minutes of work.'),
      column('confidence', 'DOUBLE', 'Of the decision, 0 to 1.'),
      column('margin', 'DOUBLE', 'Highest probability minus the second, 0 to 1.'),
      column('entropy', 'DOUBLE', 'Of the probabilities, in nats.'),
      column('candidates', 'INT32', 'Size of the conformal set.'),
      column('voices', 'INT32', 'Experts that did not abstain.'),
      column('predicted_success', 'DOUBLE', '0 to 1.'),
      column('predicted_minutes', 'DOUBLE', 'Median.'),
      column('predicted_tokens', 'DOUBLE', 'Median.'),
      column('predicted_complexity', 'DOUBLE', 'In the unit of its training rows.'),
      column('labels', 'STRING', 'JSON object: free labels of the task.'),
      column('more', 'STRING', 'JSON object: further fields of the task.'),
    ],
  },
  'worker-metrics': {
    path: 'performance/worker-metrics',
    columns: [
      ...PLACE,
      column('worker', 'STRING', 'Name of the worker.'),
      column('master', 'STRING', 'Whose work it does.'),
      column('happened_at', 'TIMESTAMP', 'When it was measured, UTC.'),
      column('status', 'STRING', 'idle, busy, draining, or a word of the worker.'),
      column('task', 'STRING', 'What it was working on.'),
      column('cpu', 'DOUBLE', 'Gauge `cpu`, 0 to 1.'),
      column('memory_mb', 'DOUBLE', 'Gauge `memory_mb`.'),
      column('tokens', 'DOUBLE', 'Gauge `tokens`.'),
      column('gauges', 'STRING', 'JSON object: all gauges.'),
      ...LAST,
    ],
  },
  'system-metrics': {
    path: 'performance/system-metrics',
    columns: [
      ...PLACE,
      column('kind', 'STRING', 'sample, forecast or alert.'),
      column('name', 'STRING', 'What was measured, such as stream.LOG.messages or actor.router.ready; kind of alert.'),
      column('happened_at', 'TIMESTAMP', 'When, UTC.'),
      column('value', 'DOUBLE', 'The measured value; the median of a forecast.'),
      column('p90', 'DOUBLE', 'Of a forecast.'),
      column('horizon_seconds', 'DOUBLE', 'Of a forecast.'),
      column('severity', 'STRING', 'Of an alert: info, warning or critical.'),
      column('summary', 'STRING', 'Of an alert, in words.'),
      column('master', 'STRING', 'Whom it is about.'),
      column('worker', 'STRING', 'Whom it is about.'),
      column('task', 'STRING', 'What it is about.'),
      ...LAST,
    ],
  },
} as const satisfies Record<string, { path: string; columns: readonly Column[] }>;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** A cell; timestamps are milliseconds since 1970. */
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;
