// One task's records as one routing event of the older installations (`coordination/routing/performance.jsonl`), so that their tools read on.
import { createHash } from 'node:crypto';
import type { Decision, ExpertVote, LogRecord } from '@cortex/schemas';

/** Our experts in the words of their layers, in the order in which they ask them. */
const LAYERS = [
  { expert: 'rule', id: 1, name: 'keyword' },
  { expert: 'lexical', id: 2, name: 'semantic' },
  { expert: 'retrieval', id: 3, name: 'rag' },
  { expert: 'neural', id: 4, name: 'pytorch' },
] as const;
const CLARIFICATION = { id: 5, name: 'clarification' } as const;

export interface RoutingEvent {
  readonly event_id: string;
  readonly timestamp: string;
  readonly task_id: string;
  readonly task_description: string | null;
  readonly task_metadata: Record<string, unknown>;
  readonly routing_layers: Record<string, unknown>[];
  readonly final_decision: Record<string, unknown>;
  readonly total_latency_ms: number;
  readonly outcome: Record<string, unknown>;
  readonly learning_feedback: Record<string, unknown>;
}

/** Records of one task, oldest first; undefined when it was never decided or its decision is not kept. */
export function routingEventOf(records: readonly LogRecord[]): RoutingEvent | undefined {
  const decided = records.findLast((record) => record.decision !== undefined && record.step === 'decided');
  const last = records.at(-1);
  const decision = decided?.decision ?? last?.decision;
  if (!decision || !last) return undefined;
  const task = decided?.task ?? last.task;
  const outcome = last.outcome;
  const correctedTo = last.correction?.master ?? outcome?.correct_master;
  const right = correctedTo === undefined ? (outcome?.success === true ? true : null) : correctedTo === decision.master;
  const done = outcome?.status === 'completed' || outcome?.status === 'failed';
  return {
    event_id: eventId(decision, task.id),
    timestamp: decision.decided_at,
    task_id: task.id,
    task_description: task.text ?? null,
    task_metadata: {
      priority: task.priority,
      source: typeof task.source === 'string' ? task.source : null,
      user_id: null,
    },
    routing_layers: layersOf(decision),
    final_decision: {
      selected_master: asMaster(decision.master),
      routing_layer: deciding(decision),
      confidence: decision.confidence,
      all_probabilities: Object.fromEntries(
        Object.entries(decision.probabilities).map(([master, share]) => [asMaster(master), share]),
      ),
    },
    total_latency_ms: decision.latency_ms,
    outcome: {
      task_completed: outcome?.status === 'completed',
      task_status: done ? outcome.status : last.settled_as ? 'unknown' : 'in_progress',
      was_correct_master: right,
      user_corrected_to: correctedTo ? asMaster(correctedTo) : null,
      completion_time_minutes: outcome?.minutes ?? null,
      quality_score: outcome?.quality ?? null,
    },
    learning_feedback: {
      correct_routing: right,
      should_have_routed_to: right === false && correctedTo ? asMaster(correctedTo) : null,
      layer_should_have_caught: null,
      threshold_too_high: null,
      threshold_too_low: null,
    },
  };
}

/** Their names end in `-master`, but for tool agents. */
function asMaster(name: string): string {
  return /-(master|mcp)$/.test(name) || name === 'resource-manager' ? name : `${name}-master`;
}

function eventId(decision: Decision, task: string): string {
  const stamp = new Date(decision.decided_at).toISOString().replace(/[-:]/g, '');
  const hash = createHash('sha256').update(task).update(decision.decided_at).digest('hex').slice(0, 8);
  return `route-${stamp.slice(0, 8)}-${stamp.slice(9, 15)}-${hash}`;
}

function layersOf(decision: Decision): Record<string, unknown>[] {
  const layers = decision.experts.flatMap((vote) => {
    const layer = LAYERS.find(({ expert }) => expert === vote.name);
    return layer ? [layerOf(layer, vote)] : [];
  });
  if (decision.review !== undefined) {
    layers.push({
      layer_id: CLARIFICATION.id,
      layer_name: CLARIFICATION.name,
      attempted: true,
      success: false,
      confidence: null,
      threshold: null,
      selected_master: null,
      latency_ms: 0,
      metadata: { review: decision.review },
    });
  }
  return layers;
}

function layerOf(layer: { id: number; name: string }, vote: ExpertVote): Record<string, unknown> {
  const best = Object.entries(vote.probabilities).sort((a, b) => b[1] - a[1])[0];
  return {
    layer_id: layer.id,
    layer_name: layer.name,
    attempted: true,
    success: !vote.abstained && best !== undefined,
    confidence: best?.[1] ?? null,
    threshold: null,
    selected_master: best && !vote.abstained ? asMaster(best[0]) : null,
    latency_ms: vote.latency_ms,
    metadata: vote.weight === undefined ? {} : { weight: vote.weight },
  };
}

/** The layer with the most weight among those that spoke; rules and people name themselves. */
function deciding(decision: Decision): string {
  if (decision.method === 'rule' || decision.method === 'pinned' || decision.method === 'fallback') return 'keyword';
  if (decision.method === 'human' || decision.review !== undefined) return 'clarification';
  const spoke = decision.experts.filter((vote) => !vote.abstained);
  const first = spoke.sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0))[0];
  return LAYERS.find(({ expert }) => expert === first?.name)?.name ?? 'pytorch';
}
