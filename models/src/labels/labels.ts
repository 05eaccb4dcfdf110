// What the records of the log teach: training rows out of decisions and what became of them. Pure; any order, any repetition of records.
// The one thing to know: a correction is the strongest label, a success the next, and a failure says only where the task should not have
// gone. No single sayer decides what is learned: whoever says more than a share of everything is weighed down to it.
import type { LogRecord } from '@cortex/schemas';
import { declaredProvenance } from '../kept/index.js';
import type { OutcomeRow } from '../prediction/index.js';
import type { TrainingRow } from '../router/index.js';
import { endOf, historiesOf, type TaskLife, workOf } from '../track-record/index.js';
import { type Capped, capWeights } from './caps.js';

export type LabelSource = 'correction' | 'success';

/** Where a row comes from, and under which odds it was seen. */
export interface Provenance {
  readonly task: string;
  /** The master the logged decision chose. */
  readonly master: string;
  /** Probability with which it was drawn, above 0 and at most 1; undefined when it was not kept. */
  readonly propensity?: number;
  readonly method: string;
  /** Which model decided. */
  readonly arm: string;
  /** The arm that the split gave the task: trials are analysed by it. The same as `arm` where it was not kept. */
  readonly assigned: string;
  /** When it was decided, milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds from the decision to what is known of it now. */
  readonly delayMs?: number;
}

export interface LabelledRow extends TrainingRow, Provenance {
  readonly label: string;
  readonly weight: number;
  readonly source: LabelSource;
  /** Who says so: `person:NAME`, `worker:NAME`, or `unknown`. */
  readonly sayer: string;
}

export interface LearnedOutcome extends OutcomeRow, Omit<Provenance, 'master' | 'at'> {
  readonly at: number;
}

/** A task that a master failed with, and nobody said whose it is: only that it hardly is this one's. */
export interface RefusedRow extends TrainingRow, Provenance {
  readonly label: null;
  readonly not: string;
  readonly weight: number;
  readonly sayer: string;
}

/** A decision with its reward, as off-policy evaluation needs it. */
export interface LoggedDecision extends Provenance {
  readonly text: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly candidates: readonly string[];
  /** 1 success, 0 failure, null when nothing is known (yet, or never): missing is a class of its own. */
  readonly reward: 0 | 1 | null;
  /** The right master, where somebody said or a success showed it. */
  readonly right: string | null;
  readonly minutes?: number;
  readonly tokens?: number;
  readonly quality?: number;
  readonly costUsd?: number;
  /** Fields to slice by: priority, source, repository and whatever else the task had. */
  readonly features: Readonly<Record<string, unknown>>;
}

export interface LabelOptions {
  /** Only tasks decided at least this long before `now`: early outcomes are biased towards quick successes. Default 0 ms: all. */
  readonly matureMs?: number;
  /** Milliseconds since 1970. Default: the newest record's time. */
  readonly now?: number;
  /** Most of all weight that one sayer may have, 0 to 1. Default 0.5. 1 switches the cap off. */
  readonly maxShare?: number;
  /** Weight every sayer may have whatever the others say. Default 600 (200 corrections, 600 successes). */
  readonly freeWeight?: number;
}

export interface LabelledRows {
  readonly routing: LabelledRow[];
  readonly refused: RefusedRow[];
  readonly outcomes: LearnedOutcome[];
  readonly logged: LoggedDecision[];
  /** Why tasks gave no routing row, counted. */
  readonly skipped: Record<string, number>;
  /** Sayers whose weight was cut. */
  readonly capped: Capped[];
}

/** Few failures are corrected: one that is stands for some of those that are not (inverse probability, tempered for its variance). */
export const LABEL_WEIGHTS: Readonly<Record<LabelSource, number>> = { correction: 3, success: 1 };
/** Work fails for other reasons too. */
export const REFUSED_WEIGHT = 0.75;

/** Who has the tasks that no master fits. */
const NOBODY = 'coordinator';

/** Fields of a task that are no feature of it. */
const NOT_FEATURES = new Set(['id', 'text', 'master', 'deadline', 'imported', 'provenance']);

interface Life {
  decided?: LogRecord;
  last: LogRecord;
  /** When it came to its end, by the first record that says so. */
  endedAt?: number;
}

/** Takes records one by one, so that a stream of any length needs only one decision and one last record a task. */
export class LabelCollector {
  private readonly lives = new Map<string, Life>();
  private newest = 0;

  add(record: LogRecord): void {
    this.newest = Math.max(this.newest, Date.parse(record.at));
    const { id } = record.task;
    const life = this.lives.get(id) ?? { last: record };
    if (record.revision >= life.last.revision) life.last = record;
    const end = endOf(record);
    if (end !== undefined) life.endedAt = Math.min(life.endedAt ?? Number.POSITIVE_INFINITY, end);
    const decides = record.step === 'decided' && record.decision && record.task.text !== undefined;
    if (decides && record.revision >= (life.decided?.revision ?? 0)) life.decided = record;
    this.lives.set(id, life);
  }

  rows(options: LabelOptions = {}): LabelledRows {
    const skipped: Record<string, number> = {};
    const routing: LabelledRow[] = [];
    const refused: RefusedRow[] = [];
    const outcomes: LearnedOutcome[] = [];
    const logged: LoggedDecision[] = [];
    const limit = (options.now ?? this.newest) - (options.matureMs ?? 0);
    for (const life of this.lives.values()) {
      const row = this.learn(life, limit, outcomes, logged, refused);
      if (typeof row === 'string') skipped[row] = (skipped[row] ?? 0) + 1;
      else routing.push(row);
    }
    const histories = historiesOf([...this.lives.values()].flatMap(lifeOf), new Set(routing.map(({ task }) => task)));
    for (const [i, row] of routing.entries()) {
      const history = histories.get(row.task);
      if (history) routing[i] = { ...row, history };
    }
    const { maxShare = 0.5, freeWeight = 600 } = options;
    const capped = capWeights(routing, maxShare, freeWeight);
    return {
      routing: capped.rows,
      refused: capWeights(refused, maxShare, freeWeight).rows,
      outcomes,
      logged,
      skipped,
      capped: capped.capped,
    };
  }

  /** The routing row of a task, or why there is none. */
  private learn(
    { decided, last }: Life,
    limit: number,
    outcomes: LearnedOutcome[],
    logged: LoggedDecision[],
    refused: RefusedRow[],
  ) {
    const text = decided?.task.text;
    const decision = decided?.decision;
    if (!decided || !decision || text === undefined) return 'text is not kept any more';
    const provenance = declaredProvenance(decided.task);
    if (provenance !== 'real') return `${provenance} row`;
    const at = Date.parse(decided.at);
    if (at > limit) return 'too young: early outcomes are biased';
    // An outcome of a decision before this one says nothing about this one.
    const current = last.decided_revision === undefined || last.decided_revision === decided.revision;
    const outcome = current ? last.outcome : undefined;
    const correction = last.correction?.master;
    const known = outcome !== undefined || correction !== undefined;
    const from: Provenance = {
      task: decided.task.id,
      master: decision.master,
      method: decision.method,
      arm: decision.arm,
      assigned: decision.assigned ?? decision.arm,
      at,
      ...(decision.propensity > 0 && decision.propensity_known !== false ? { propensity: decision.propensity } : {}),
      ...(known ? { delayMs: Math.max(0, Date.parse(last.correction?.at ?? last.at) - at) } : {}),
    };
    const succeeded = outcome?.success === true;
    // Work that was given up or cancelled tells nothing about how it would have gone.
    const worked = outcome && outcome.worker !== 'cortex' && ['completed', 'failed'].includes(outcome.status);
    const features = Object.fromEntries(
      Object.entries(decided.task).filter(([key, value]) => !NOT_FEATURES.has(key) && value !== undefined),
    );
    const measured = {
      ...(outcome?.minutes === undefined ? {} : { minutes: outcome.minutes }),
      ...(outcome?.tokens === undefined ? {} : { tokens: outcome.tokens }),
    };
    logged.push({
      ...from,
      text,
      probabilities: decision.probabilities,
      candidates: decision.candidates,
      reward: worked ? (succeeded ? 1 : 0) : null,
      right: correction ?? (worked && succeeded ? decision.master : null),
      ...measured,
      ...(outcome?.quality === undefined ? {} : { quality: outcome.quality }),
      ...(outcome?.cost_usd === undefined ? {} : { costUsd: outcome.cost_usd }),
      features,
    });
    if (worked) outcomes.push({ ...from, text, success: succeeded ? 1 : 0, ...measured, features });
    const row = (label: string, source: LabelSource, sayer: string): LabelledRow => ({
      ...from,
      text,
      label,
      source,
      sayer,
      weight: LABEL_WEIGHTS[source],
      ...(worked ? { outcome: { master: decision.master, success: succeeded } } : {}),
    });
    if (correction !== undefined) return row(correction, 'correction', sayerOf(last));
    // A pin says where somebody wanted it, not where it belongs.
    if (decision.method === 'pinned') return 'pinned by the task itself';
    if (succeeded) return row(decision.master, 'success', workerOf(outcome?.worker));
    if (worked && decision.master !== NOBODY)
      refused.push({
        ...from,
        text,
        label: null,
        not: decision.master,
        weight: REFUSED_WEIGHT,
        sayer: workerOf(outcome.worker),
      });
    return outcome ? 'failed, and nobody said where it should have gone' : 'no outcome yet';
  }
}

/** What a task says of its master; nothing where it was never given to anybody. */
function lifeOf({ decided, last, endedAt }: Life): TaskLife[] {
  const decision = decided?.decision ?? last.decision;
  // A compacted task has its last record only; its decision says when it was made.
  const decidedAt = Date.parse(decided?.at ?? last.decision?.decided_at ?? '');
  if (!decision || !Number.isFinite(decidedAt)) return [];
  const work = workOf(last);
  return [
    {
      task: last.task.id,
      master: decision.master,
      decidedAt,
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(work ? { work } : {}),
    },
  ];
}

/** Training rows of records in any order. */
export function labelsOf(records: Iterable<LogRecord>, options: LabelOptions = {}): LabelledRows {
  const collector = new LabelCollector();
  for (const record of records) collector.add(record);
  return collector.rows(options);
}

function sayerOf({ correction, outcome }: LogRecord): string {
  if (correction?.by !== undefined) return `person:${correction.by}`;
  return workerOf(outcome?.correct_master ? outcome.worker : undefined);
}

const workerOf = (worker: string | undefined) => (worker === undefined ? 'unknown' : `worker:${worker}`);
