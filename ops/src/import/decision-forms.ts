// The forms in which older installations wrote down where a task went.
import {
  BadField,
  confidence,
  type Fields,
  flag,
  isFields,
  list,
  master,
  moment,
  part,
  positive,
  priority,
  requiredText,
  shares,
  text,
} from './fields.js';
import type { ImportedDecision, ImportedOutcome, ImportedRecord, ImportedVote } from './records.js';

/** Their layers in the words of ours. */
const EXPERTS: Record<string, string> = {
  keyword: 'rule',
  semantic: 'retrieval',
  rag: 'retrieval',
  pytorch: 'neural',
  neural: 'neural',
  clarification: 'review',
};

export function methodOf(layer: string | undefined): string {
  const name = layer?.toLowerCase() ?? '';
  if (/keyword|rule|pattern|regex/.test(name)) return 'rule';
  if (/clarif|human|manual|user/.test(name)) return 'human';
  if (/fallback|default/.test(name)) return 'fallback';
  return 'ensemble';
}

/** `coordination/routing/performance.jsonl`, one routing event a line. */
export function routingEvent(from: Fields): ImportedRecord[] {
  const task = requiredText(from, 'task_id');
  const event = requiredText(from, 'event_id');
  const at = moment(from, 'timestamp');
  const metadata = part(from, 'task_metadata');
  const final = part(from, 'final_decision');
  const chosen = master(final, 'selected_master');
  const layer = text(final, 'routing_layer');
  const description = text(from, 'task_description');
  const records: ImportedRecord[] = [];
  if (chosen !== undefined) {
    records.push({
      kind: 'decision',
      key: `decision ${event}`,
      task,
      event,
      master: chosen,
      method: methodOf(layer),
      ...opt('text', description),
      ...opt('confidence', confidence(final, 'confidence')),
      ...opt('probabilities', shares(part(final, 'all_probabilities'))),
      ...opt('priority', priority(metadata)),
      ...opt('source', text(metadata, 'source')),
      ...opt('latency_ms', positive(from, 'total_latency_ms')),
      ...opt('at', at),
      votes: list(from, 'routing_layers').map(vote),
    });
  }
  const outcome = outcomeOfEvent(from, { task, event, at, chosen, description });
  if (outcome) records.push(outcome);
  if (records.length === 0) throw new BadField('final_decision.selected_master', 'is missing, and there is no outcome');
  return records;
}

function vote(layer: Fields): ImportedVote {
  const name = text(layer, 'layer_name')?.toLowerCase() ?? '';
  return {
    name: EXPERTS[name] ?? (name || 'unknown'),
    ...opt('master', master(layer, 'selected_master')),
    ...opt('confidence', confidence(layer, 'confidence')),
    ...opt('threshold', confidence(layer, 'threshold')),
    ...opt('attempted', flag(layer, 'attempted')),
    ...opt('success', flag(layer, 'success')),
    ...opt('latency_ms', positive(layer, 'latency_ms')),
  };
}

interface EventFacts {
  readonly task: string;
  readonly event: string;
  readonly at: string | undefined;
  readonly chosen: string | undefined;
  readonly description: string | undefined;
}

function outcomeOfEvent(from: Fields, facts: EventFacts): ImportedOutcome | undefined {
  const outcome = part(from, 'outcome');
  const feedback = part(from, 'learning_feedback');
  const status = text(outcome, 'task_status') ?? (flag(outcome, 'task_completed') ? 'completed' : undefined);
  const wasRight = flag(outcome, 'was_correct_master') ?? flag(feedback, 'correct_routing');
  const correct =
    master(outcome, 'user_corrected_to') ??
    master(feedback, 'should_have_routed_to') ??
    (wasRight === true ? facts.chosen : undefined);
  const done = status === 'completed' || status === 'failed';
  // Still running, or nobody looked: nothing to learn from yet.
  if (!done && correct === undefined) return undefined;
  const contradicts = wasRight === true && correct !== undefined && correct !== facts.chosen;
  return {
    kind: 'outcome',
    key: `outcome ${facts.event}`,
    task: facts.task,
    status: done ? status : 'unknown',
    ...opt('text', facts.description),
    ...opt('master', facts.chosen),
    ...(done ? { success: status === 'completed' && wasRight !== false } : {}),
    ...opt('correct_master', correct),
    ...opt('minutes', positive(outcome, 'completion_time_minutes')),
    ...opt('quality', quality(outcome)),
    ...opt('at', facts.at),
    ...(contradicts ? { doubt: 'was_correct_master contradicts the correction' } : {}),
  };
}

/** Their scores are 0 to 1 or 0 to 5. */
export function quality(from: Fields, field = 'quality_score'): number | undefined {
  const value = positive(from, field);
  if (value === undefined) return undefined;
  if (value > 5) throw new BadField(field, `${value} is neither 0 to 1 nor 0 to 5`);
  return value > 1 ? value / 5 : value;
}

/** Newer `routing-decisions.jsonl`: `decision{primary_expert, …}`. */
export function moeLog(from: Fields): ImportedRecord[] {
  const decision = part(from, 'decision');
  const chosen = master(decision, 'primary_expert');
  if (chosen === undefined) throw new BadField('decision.primary_expert', 'is missing');
  const description = text(from, 'task_description', 'title', 'description');
  return [
    decided(from, {
      master: chosen,
      method: methodOf(text(from, 'routing_method')),
      ...opt('text', description),
      ...opt('confidence', confidence(decision, 'primary_confidence')),
      ...opt('probabilities', shares(part(decision, 'scores'))),
      ...opt('explanation', words(from.explanation)),
    }),
  ];
}

/** Older rows of the same file: `routed_to`, perhaps with an outcome. */
export function routedTo(from: Fields): ImportedRecord[] {
  const chosen = master(from, 'routed_to');
  if (chosen === undefined) throw new BadField('routed_to', 'is missing');
  const rule = text(from, 'rule_used', 'pattern_matched');
  const decision = decided(from, {
    master: chosen,
    method: rule ? 'rule' : methodOf(text(from, 'routing_strategy')),
    ...opt('text', text(from, 'title', 'task_description', 'description')),
    ...opt('confidence', confidence(from, 'confidence')),
    ...opt('priority', priority(from)),
    ...opt('explanation', rule),
  });
  const outcome = from.outcome;
  const status = isFields(outcome) ? text(outcome, 'status', 'task_status') : text(from, 'outcome');
  if (status === undefined || !['completed', 'success', 'succeeded', 'failed', 'failure'].includes(status))
    return [decision];
  const success = !status.startsWith('fail');
  return [
    decision,
    {
      kind: 'outcome',
      key: `outcome ${decision.key}`,
      task: decision.task,
      master: chosen,
      status: success ? 'completed' : 'failed',
      success,
      ...opt('text', decision.text),
      ...opt('at', decision.at),
    },
  ];
}

/** `masters/…/complexity`: `expert`, confidence 0 to 100. */
export function complexityRoute(from: Fields): ImportedRecord[] {
  const chosen = master(from, 'expert');
  if (chosen === undefined) throw new BadField('expert', 'is missing');
  return [
    decided(from, {
      master: chosen,
      method: methodOf(text(from, 'method')),
      ...opt('text', text(from, 'task_description', 'title')),
      ...opt('confidence', confidence(from, 'confidence')),
      ...opt('explanation', text(from, 'reason')),
    }),
  ];
}

/** `{timestamp, task_id, master, confidence, routing_reason}` and the A/B log's `selected_master`. */
export function plainDecision(from: Fields): ImportedRecord[] {
  const chosen = master(from, 'selected_master', 'master');
  if (chosen === undefined) throw new BadField('selected_master or master', 'is missing');
  const group = text(from, 'ab_test_group');
  return [
    decided(from, {
      master: chosen,
      method: methodOf(text(from, 'method', 'routing_method')),
      ...opt('text', text(from, 'task_description', 'title', 'description')),
      ...opt('confidence', confidence(from, 'confidence')),
      ...opt('priority', priority(from)),
      ...opt('explanation', text(from, 'routing_reason') ?? (group ? `A/B group ${group}` : undefined)),
    }),
  ];
}

/** Work handed from one master to another: a decision of the one that gave it away. */
export function handoff(from: Fields): ImportedRecord[] {
  const context = part(from, 'context');
  const meta = part(context, 'moe_metadata');
  const data = part(from, 'task_data');
  const chosen = master(from, 'to_master', 'to');
  if (chosen === undefined) throw new BadField('to_master', 'is missing');
  const id = requiredText(from, 'handoff_id');
  const status = text(from, 'status');
  const task = text(from, 'task_id') ?? text(data, 'id', 'task_id');
  if (task === undefined) throw new BadField('task_id', 'is missing');
  const description = text(data, 'description', 'title', 'text') ?? text(part(data, 'context'), 'description');
  const decision: ImportedDecision = {
    kind: 'decision',
    key: `handoff ${id}`,
    task,
    master: chosen,
    method: methodOf(text(meta, 'strategy')),
    ...opt('text', description),
    ...opt('confidence', confidence(meta, 'confidence')),
    ...opt('priority', priority(context) ?? priority(from)),
    ...opt('source', master(from, 'from_master', 'from')),
    ...opt('explanation', text(context, 'routing_reason')),
    ...opt('at', moment(from, 'created_at') ?? moment(meta, 'routed_at')),
  };
  if (status !== 'completed' && status !== 'failed') return [decision];
  return [
    decision,
    {
      kind: 'outcome',
      key: `outcome ${id}`,
      task,
      master: chosen,
      status,
      success: status === 'completed',
      ...opt('text', description),
      ...opt('at', moment(from, 'completed_at', 'updated_at', 'created_at')),
    },
  ];
}

/** A hand-made answer, or a judge's second opinion: a text and its right master. */
export function golden(from: Fields): ImportedRecord[] {
  const right = master(from, 'ideal_expert', 'expected_master', 'expected_expert');
  if (right === undefined) throw new BadField('ideal_expert', 'is missing');
  const body = requiredText(from, 'task_description', 'text', 'description');
  return [
    {
      kind: 'label',
      key: `golden ${text(from, 'eval_id') ?? body}`,
      text: body,
      master: right,
      by: 'golden set',
      ...opt('difficulty', text(from, 'difficulty')),
    },
  ];
}

export function judged(from: Fields): ImportedRecord[] {
  const right = master(from, 'suggested_expert');
  const body = text(from, 'task_description', 'text');
  const task = text(from, 'task_id', 'eval_id');
  if (right === undefined) throw new BadField('suggested_expert', 'is missing');
  if (body !== undefined)
    return [{ kind: 'label', key: `judge ${task ?? body}`, text: body, master: right, by: 'judge' }];
  if (task === undefined) throw new BadField('task_id', 'is missing, and there is no text');
  return [{ kind: 'outcome', key: `judge ${task}`, task, status: 'unknown', correct_master: right }];
}

function decided(from: Fields, rest: Omit<ImportedDecision, 'kind' | 'key' | 'task' | 'at'>): ImportedDecision {
  const task = requiredText(from, 'task_id');
  const at = moment(from, 'timestamp', 'created_at', 'routed_at');
  return { kind: 'decision', key: `decision ${task} ${at ?? ''} ${rest.master}`, task, ...opt('at', at), ...rest };
}

function words(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join('; ') || undefined;
  return isFields(value) ? JSON.stringify(value).slice(0, 2_000) : undefined;
}

/** An optional field only when there is a value: absent, not undefined. */
export function opt<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
