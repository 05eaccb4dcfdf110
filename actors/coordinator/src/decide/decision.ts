// From answers to a decision, as a pure function: a person's word, a pin, the ensemble, the rules, or a question to a person.
import { chooseByUtility, explore, type UtilityWeights } from '@cortex/models';
import {
  canonicalMaster,
  type Decision,
  type ExpertVote,
  type PredictAnswer,
  type RouteAnswer,
  type Task,
} from '@cortex/schemas';
import type { Assignment } from '../arms/split.js';

export const FALLBACK_MASTER = 'coordinator';

/** What the rules of this process say when nobody else does. */
export interface RuleVote {
  readonly probabilities: Record<string, number>;
  readonly abstained: boolean;
  readonly latency_ms: number;
  readonly evidence: string[];
}

export interface DecisionInputs {
  readonly task: Task;
  /** Names of masters that may be chosen now. */
  readonly masters: readonly string[];
  /** A person's choice. */
  readonly human?:
    | { readonly master: string; readonly by?: string | undefined; readonly byDefault?: boolean | undefined }
    | undefined;
  readonly answer?: RouteAnswer | undefined;
  /** The arm that the split gave the task. */
  readonly assigned?: Assignment | undefined;
  /** How the task would go with each candidate, where a predictor answered. */
  readonly predicted?: PredictAnswer | undefined;
  /** What success, time and cost are worth against route odds; all zero: the highest odds decide. */
  readonly weights: UtilityWeights;
  /** Why there is no answer, in words. */
  readonly noAnswer?: string | undefined;
  readonly rule?: RuleVote | undefined;
  /** Share of the tasks whose master is drawn from the candidates instead of chosen, 0 to 1; never a critical one. Default 0. */
  readonly exploreShare?: number | undefined;
  /** Whether an unsure task goes to a person or to the best master. */
  readonly unsure: 'review' | 'best';
  readonly latencyMs: number;
  readonly now: Date;
  readonly traceId?: string | undefined;
}

/** Rules are believed by the coordinator alone only when one master leads this clearly. */
const RULE_CONFIDENCE = 0.6;

/** The decision, with what the predictor says of the chosen master. */
export function makeDecision(inputs: DecisionInputs): Decision {
  const decision = choose(inputs);
  const prediction = inputs.predicted?.predictions[decision.master];
  if (!prediction) return decision;
  return { ...decision, prediction, models: { ...decision.models, ...inputs.predicted?.models } };
}

function choose(inputs: DecisionInputs): Decision {
  const { task, human, answer, rule } = inputs;
  const base = {
    task: task.id,
    propensity: 1,
    arm: 'champion' as const,
    latency_ms: round(inputs.latencyMs),
    decided_at: inputs.now.toISOString(),
    ...(inputs.traceId ? { trace_id: inputs.traceId } : {}),
  };
  if (human) {
    const master = canonicalMaster(human.master);
    if (human.byDefault)
      return {
        ...base,
        ...sure(master),
        method: 'fallback',
        explanation: ['nobody answered: the most likely master gets it'],
      };
    return { ...base, ...sure(master), method: 'human', explanation: [`${human.by ?? 'a person'} chose ${master}`] };
  }
  if (task.master !== undefined) {
    return { ...base, ...sure(task.master), method: 'pinned', explanation: [`the task itself names ${task.master}`] };
  }
  if (answer) return fromAnswer(inputs, answer, base);
  return fromRules(inputs, rule, { ...base, ...missedArm(inputs) });
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The masters as a set, made once for each list. */
function allowedOf(masters: readonly string[]): ReadonlySet<string> {
  let set = sets.get(masters);
  if (!set) {
    set = new Set(masters);
    sets.set(masters, set);
  }
  return set;
}

type Base = Pick<Decision, 'task' | 'propensity' | 'arm' | 'latency_ms' | 'decided_at'>;

function fromAnswer(inputs: DecisionInputs, answer: RouteAnswer, base: Base): Decision {
  const allowed = allowedOf(inputs.masters);
  const best = bestOf(answer.probabilities, allowed);
  const shared = {
    ...base,
    confidence: best?.[1] ?? 0,
    probabilities: answer.probabilities,
    experts: answer.experts,
    // Masters that are not there any more cannot be candidates.
    candidates: answer.candidates.filter((name) => allowed.has(name)),
    models: answer.models,
    ...(answer.exit ? { exit: answer.exit } : {}),
    scope: answer.scope,
    ...armOf(inputs.assigned, answer),
  };
  if (!best || (answer.abstain && inputs.unsure === 'review')) {
    const explanation = [
      ...answer.explanation,
      best ? 'not sure enough: a person is asked' : 'no master that may be chosen fits: a person is asked',
    ];
    return { ...shared, master: FALLBACK_MASTER, method: 'ensemble', review: reviewId(inputs.task.id), explanation };
  }
  const { master: chosen, explanation } = weigh(inputs, answer, allowed, best[0]);
  const { master, propensity, explored } = draw(inputs, chosen, shared.candidates);
  return {
    ...shared,
    master,
    propensity,
    confidence: answer.probabilities[master] ?? best[1],
    method: explored ? 'explore' : 'ensemble',
    explanation: [
      ...answer.explanation,
      ...explanation,
      ...(explored ? [`drawn from the candidates to learn from it, instead of ${chosen}`] : []),
    ],
  };
}

/** Only among those that the conformal set holds: nobody gets a task that is surely not theirs. */
function draw(inputs: DecisionInputs, chosen: string, candidates: readonly string[]) {
  const { task, exploreShare: share = 0 } = inputs;
  if (share <= 0 || task.priority === 'critical' || candidates.length < 2 || !candidates.includes(chosen))
    return { master: chosen, propensity: 1, explored: false };
  return explore(
    task.id,
    chosen,
    candidates.map((master) => ({ master })),
    { share },
  );
}

/** Who decided, whom the split had chosen, and what the others said: what a trial is judged by. */
function armOf(assigned: Assignment | undefined, answer: RouteAnswer) {
  const { others, arm_failure } = answer;
  // A router of before the arms answers with its champion.
  const arm = answer.arm ?? 'champion';
  if (assigned?.revision === undefined) return { arm };
  return {
    arm,
    assigned: assigned.arm,
    alias_revision: assigned.revision,
    ...(arm_failure === undefined ? {} : { arm_failure }),
    ...(others === undefined || others.length === 0 ? {} : { others }),
  };
}

/** No router answered: a trial is judged by whom the split had chosen, so it is kept. */
function missedArm({ assigned, noAnswer }: DecisionInputs) {
  if (assigned?.revision === undefined) return {};
  return {
    assigned: assigned.arm,
    alias_revision: assigned.revision,
    ...(assigned.arm === 'champion' ? {} : { arm_failure: noAnswer ?? 'no router answered' }),
  };
}

/** The decision rule: route odds alone, or what success, time and cost add to them. */
function weigh(
  inputs: DecisionInputs,
  answer: RouteAnswer,
  allowed: ReadonlySet<string>,
  best: string,
): { master: string; explanation: string[] } {
  const { weights, predicted } = inputs;
  const { priority: _bend, ...prices } = weights;
  if (Object.values(prices).every((w) => w === 0)) return { master: best, explanation: [] };
  const candidates = Object.entries(answer.probabilities)
    .filter(([master]) => allowed.has(master))
    .map(([master, odds]) => {
      const p = predicted?.predictions[master];
      const success =
        typeof p?.success === 'number'
          ? { p: p.success, base_rate: p.success, no_idea: false, evidence: NO_EVIDENCE }
          : undefined;
      return {
        master,
        odds,
        prediction: {
          ...(success ? { success } : {}),
          ...(p?.minutes ? { minutes: p.minutes } : {}),
          ...(p?.tokens ? { tokens: p.tokens } : {}),
        },
      };
    });
  return chooseByUtility(candidates, { weights, priority: inputs.task.priority });
}

const NO_EVIDENCE = { similar: 0, similar_of_master: 0, master_rows: 0, nearest: 0 };

function fromRules(inputs: DecisionInputs, rule: RuleVote | undefined, base: Base): Decision {
  const why = inputs.noAnswer ?? 'no router answered';
  const allowed = allowedOf(inputs.masters);
  const best = rule && !rule.abstained ? bestOf(rule.probabilities, allowed) : undefined;
  const experts: ExpertVote[] = rule ? [{ name: 'rule', ...rule }] : [];
  const probabilities = rule?.probabilities ?? {};
  if (best && best[1] >= RULE_CONFIDENCE) {
    return {
      ...base,
      master: best[0],
      confidence: best[1],
      probabilities,
      experts,
      method: 'rule',
      candidates: [best[0]],
      models: {},
      explanation: [`${why}: decided by rules alone`, ...(rule?.evidence ?? [])],
    };
  }
  const candidates = Object.entries(probabilities)
    .filter(([name]) => allowed.has(name))
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([name]) => name);
  const shared = {
    ...base,
    confidence: best?.[1] ?? 0,
    probabilities,
    experts,
    method: 'fallback' as const,
    models: {},
  };
  if (best && inputs.unsure === 'best') {
    return {
      ...shared,
      master: best[0],
      candidates,
      explanation: [`${why}; the rules lean to ${best[0]}`, ...(rule?.evidence ?? [])],
    };
  }
  return {
    ...shared,
    master: FALLBACK_MASTER,
    candidates: candidates.length > 0 ? candidates : [FALLBACK_MASTER],
    review: reviewId(inputs.task.id),
    explanation: [`${why}, and the rules do not know: a person is asked`, ...(rule?.evidence ?? [])],
  };
}

/** The same task asks the same question once. */
export function reviewId(task: string): string {
  return `route-${task}`;
}

function sure(
  master: string,
): Pick<Decision, 'master' | 'confidence' | 'probabilities' | 'experts' | 'candidates' | 'models'> {
  return { master, confidence: 1, probabilities: { [master]: 1 }, experts: [], candidates: [master], models: {} };
}

function bestOf(probabilities: Record<string, number>, allowed: ReadonlySet<string>): [string, number] | undefined {
  let best: [string, number] | undefined;
  for (const [name, p] of Object.entries(probabilities))
    if (allowed.has(name) && p > 0 && (!best || p > best[1])) best = [name, p];
  return best;
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
