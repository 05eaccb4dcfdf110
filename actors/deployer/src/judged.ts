// From records of the log to what a trial counts: who said what when a task was decided, and how it stood at a fixed age. Pure.
// The one thing to know: everything is by version name, never by arm: aliases may move while a task is on its way.
import { slicesOfTask } from '@cortex/models';
import { canonicalMaster, type Decision, type LogRecord } from '@cortex/schemas';
import type { DeployerSettings } from './settings.js';

/** What one version said of a task. */
export interface Said {
  /** Whom it would have chosen; undefined when it failed. */
  readonly master?: string;
  readonly confidence?: number;
  readonly latencyMs: number;
  readonly error?: string;
  readonly asked: boolean;
}

export interface Observed {
  readonly task: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Version the split gave the task to; undefined when it cannot be told. */
  readonly assigned?: string;
  /** Revision of the aliases by which it was split. */
  readonly aliasRevision?: number;
  /** Version that decided. */
  readonly by: string;
  /** Master the task went to. */
  readonly master: string;
  /** It was drawn, not chosen: tells policies apart later, but not which model is right more often. */
  readonly explored: boolean;
  readonly propensity: number;
  readonly said: Readonly<Record<string, Said>>;
  readonly slices: Readonly<Record<string, string>>;
}

/** A task at its age. */
export interface Judged extends Observed {
  /** Right or not, by version, where it is known. */
  readonly right: Readonly<Record<string, boolean>>;
  /** Version whose choice was carried out; undefined when a person chose. */
  readonly executed?: string;
  readonly corrected: boolean;
  /** Undefined: nothing is known at this age. */
  readonly success?: boolean;
  readonly quality?: number;
  /** As the worker reported them. */
  readonly minutes?: number;
  readonly tokens?: number;
  /** 0 to 1; nothing known is 0. */
  readonly reward: number;
  readonly waitMs?: number;
}

const NO_MASTER = 'coordinator';
/** Half of the reward of short work is gone at this many minutes; of few tokens at this many. */
const HALF_MINUTES = 30;
const HALF_TOKENS = 10_000;

/** What was said when a task was first decided; undefined when no model of the family decided. */
export function observedOf(record: LogRecord, family: string): Observed | undefined {
  const { decision } = record;
  if (record.step !== 'decided' || !decision) return undefined;
  if (decision.method !== 'ensemble' && decision.method !== 'explore') return undefined;
  const by = decision.models[family];
  if (by === undefined) return undefined;
  const said: Record<string, Said> = {};
  for (const other of decision.others ?? []) {
    const broken =
      other.error ??
      (other.confidence !== undefined && !Number.isFinite(other.confidence) ? 'not a number' : undefined);
    said[other.model] = {
      latencyMs: other.latency_ms,
      asked: other.abstain === true,
      ...(other.master === undefined || broken !== undefined ? {} : { master: canonicalMaster(other.master) }),
      ...(other.confidence === undefined ? {} : { confidence: other.confidence }),
      ...(broken === undefined ? {} : { error: broken }),
    };
  }
  const assigned = assignedVersion(decision, by);
  if (decision.arm_failure !== undefined && assigned !== undefined && assigned !== by && !said[assigned]?.error)
    said[assigned] = { latencyMs: decision.latency_ms, asked: false, error: decision.arm_failure };
  // Also when a person was asked: whom it would have chosen.
  const explored = decision.method === 'explore';
  const pick = decision.master === NO_MASTER || explored ? bestOf(decision.probabilities) : decision.master;
  said[by] = {
    latencyMs: decision.latency_ms,
    asked: decision.review !== undefined,
    confidence: decision.confidence,
    ...(pick === undefined ? {} : { master: pick }),
  };
  return {
    task: record.task.id,
    at: Date.parse(record.at),
    ...(assigned === undefined ? {} : { assigned }),
    ...(decision.alias_revision === undefined ? {} : { aliasRevision: decision.alias_revision }),
    by,
    master: decision.master,
    explored,
    propensity: decision.propensity,
    said,
    slices: slicesOfTask(record.task),
  };
}

function bestOf(probabilities: Readonly<Record<string, number>>): string | undefined {
  let best: [string, number] | undefined;
  for (const entry of Object.entries(probabilities)) if (!best || entry[1] > best[1]) best = entry;
  return best?.[0];
}

function assignedVersion(decision: Decision, by: string): string | undefined {
  if (decision.assigned === undefined || decision.assigned === decision.arm) return by;
  return decision.others?.find((other) => other.arm === decision.assigned)?.model;
}

/** How the task stood when it was `outcome_age_ms` old. `records` are those of its key, oldest first; one that is later does not count. */
export function judgedOf(observed: Observed, records: readonly LogRecord[], settings: DeployerSettings): Judged {
  const limit = observed.at + settings.outcome_age_ms;
  const last = records.findLast((record) => Date.parse(record.at) <= limit);
  const outcome = last?.outcome;
  const correction = last?.correction ? canonicalMaster(last.correction.master) : undefined;
  // A person may have sent it elsewhere since: the outcome is then that of another choice.
  const carriedOut = last?.decision?.method !== 'human' && last?.decision?.master === observed.master;
  const executed = carriedOut && observed.master !== NO_MASTER && !observed.explored ? observed.by : undefined;
  const told =
    outcome && outcome.worker !== 'cortex' && (outcome.status === 'completed' || outcome.status === 'failed');
  const success = told
    ? correction === undefined
      ? outcome.success === true
      : correction === observed.master
    : undefined;
  const truth = correction ?? (executed !== undefined && success === true ? observed.master : undefined);
  const right: Record<string, boolean> = {};
  for (const [version, { master }] of Object.entries(observed.said)) {
    if (master === undefined || observed.explored) continue;
    if (truth !== undefined) right[version] = master === truth;
    else if (executed !== undefined && success === false && master === observed.master) right[version] = false;
  }
  return {
    ...observed,
    right,
    corrected: correction !== undefined,
    ...(executed === undefined ? {} : { executed }),
    ...(success === undefined ? {} : { success }),
    ...(told && outcome.quality !== undefined ? { quality: outcome.quality } : {}),
    ...(told && outcome.minutes !== undefined ? { minutes: outcome.minutes } : {}),
    ...(told && outcome.tokens !== undefined ? { tokens: outcome.tokens } : {}),
    reward: told ? rewardOf({ success: success === true, ...pick(outcome) }, settings) : 0,
    ...(told && last ? { waitMs: Math.max(0, Date.parse(last.at) - observed.at) } : {}),
  };
}

function pick({
  quality,
  minutes,
  tokens,
}: {
  quality?: number | undefined;
  minutes?: number | undefined;
  tokens?: number | undefined;
}) {
  return { quality, minutes, tokens };
}

/** Weighted mean of what is known of the outcome, 0 to 1. */
export function rewardOf(
  outcome: {
    success: boolean;
    quality?: number | undefined;
    minutes?: number | undefined;
    tokens?: number | undefined;
  },
  { reward: weights }: Pick<DeployerSettings, 'reward'>,
): number {
  const parts: [weight: number, value: number][] = [[weights.success, Number(outcome.success)]];
  if (outcome.quality !== undefined) parts.push([weights.quality, outcome.quality]);
  // Quick failure is no merit.
  const worth = outcome.success ? 1 : 0;
  if (outcome.minutes !== undefined)
    parts.push([weights.minutes, (worth * HALF_MINUTES) / (HALF_MINUTES + outcome.minutes)]);
  if (outcome.tokens !== undefined)
    parts.push([weights.tokens, (worth * HALF_TOKENS) / (HALF_TOKENS + outcome.tokens)]);
  const total = parts.reduce((sum, [weight]) => sum + weight, 0);
  return total > 0 ? parts.reduce((sum, [weight, value]) => sum + weight * value, 0) / total : 0;
}
