// What a candidate would have meant for the tasks of the past: its worth by off-policy estimates, and whether it serves all slices alike. Pure.
// The one thing to know: its answers must come from voices that never saw the task's label, or the audit praises what was learned by heart.
import {
  type AuditReport,
  type AuditRow,
  auditFairness,
  estimateOffPolicy,
  type Gap,
  type LoggedChoice,
  type LoggedDecision,
  type OffPolicyVerdict,
  slicesOfTask,
} from '@cortex/models';
import { inWords } from './words.js';

/** What the candidate says of a logged task. */
export interface Answer {
  readonly master: string;
  /** Odds of each master, given that one fits; a master that is missing has none. */
  readonly odds: Readonly<Record<string, number>>;
  readonly confidence: number;
  /** Probability that some master fits. */
  readonly scope: number;
  readonly abstain: boolean;
}

export interface RouterAudit {
  /** Logged decisions that could be judged, and those that the candidate could not be asked about without a leak. */
  readonly decisions: number;
  readonly left_out: number;
  readonly span?: { readonly from: string; readonly to: string };
  readonly off_policy: OffPolicyVerdict;
  readonly fairness: Pick<AuditReport, 'rows' | 'tests' | 'unjudged'> & {
    /** The largest gaps, worst first. */
    readonly gaps: readonly Gap[];
    /** Gaps that are new or wider than those of what served: these fail the audit. */
    readonly reasons: readonly string[];
    /** Unfair gaps that what served had as well: reported, and no reason to keep it. */
    readonly inherited: readonly string[];
  };
  /** Null: not judged, with the reason in `notes`. */
  readonly passes: { readonly fairness: boolean | null; readonly off_policy: boolean | null };
  readonly notes: readonly string[];
}

/** Decisions that are looked at: the newest. */
export const AUDITED = 1_000;
/** A decision without any outcome counts as missing, and as no success, once it is so old. */
const MATURE_MS = 3_600_000;
const DRAWN = new Set(['ensemble', 'explore', 'rule', 'fallback']);
/** Whom the candidate would rather not decide for, and how long work waits, is shown; the log does not tell how the former model did there. */
const JUDGED: ReadonlySet<Gap['figure']> = new Set(['accuracy', 'calibration']);
const SHOWN = 8;
const MOST_UNJUDGED = 20;
const LEAST = 100;

/** Decisions that an audit can use, newest last: drawn by odds that were kept, and old enough that nothing known means something. */
export function auditable(logged: readonly LoggedDecision[]): LoggedDecision[] {
  const newest = logged.reduce((most, { at, delayMs = 0 }) => Math.max(most, at + delayMs), 0);
  return logged
    .filter(
      ({ method, master, propensity, right, reward, at }) =>
        DRAWN.has(method) &&
        master !== 'coordinator' &&
        propensity !== undefined &&
        (right !== null || reward !== null || at <= newest - MATURE_MS),
    )
    .sort((a, b) => a.at - b.at)
    .slice(-AUDITED);
}

/**
 * @param decisions of {@link auditable}
 * @param answers the candidate's, in the same order; undefined where its voices knew the label
 * @param drifted the world is known to have changed: the past is described, and does not judge
 */
export function auditRouter(
  decisions: readonly LoggedDecision[],
  answers: readonly (Answer | undefined)[],
  drifted = false,
): RouterAudit {
  const judged = decisions.flatMap((decision, i) => {
    const answer = answers[i];
    return answer ? [{ decision, answer }] : [];
  });
  const off_policy = estimateOffPolicy(judged.map(choiceOf));
  const comparable = comparableOf(judged);
  const candidate = auditFairness(comparable.map(({ decision, answer }) => rowOf(decision, answer)));
  const served = auditFairness(comparable.map(({ decision }) => servedRow(decision)));
  const unfair = candidate.gaps.filter((gap) => gap.unfair && JUDGED.has(gap.figure));
  const isOld = (gap: Gap) => {
    const before = served.gaps.find((g) => isSameGap(g, gap));
    if (before === undefined) return false;
    // Wider than before, and not by chance.
    return gap.figure === 'accuracy' ? before.gap <= gap.high : before.gap >= gap.low;
  };
  const notes: string[] = [];
  if (judged.length < LEAST) notes.push(`${judged.length} decisions are too few to judge by: ${LEAST} are the least`);
  if (!off_policy.supported) notes.push(`no off-policy estimate: ${off_policy.reason}`);
  if (drifted) notes.push('asked for by drift: the past is described, and judges nothing');
  const judges = judged.length >= LEAST && !drifted;
  const reasons = unfair.filter((gap) => !isOld(gap)).map(inWords);
  const first = judged[0]?.decision.at;
  const last = judged.at(-1)?.decision.at;
  return {
    decisions: judged.length,
    left_out: decisions.length - judged.length,
    ...(first === undefined || last === undefined
      ? {}
      : { span: { from: new Date(first).toISOString(), to: new Date(last).toISOString() } }),
    off_policy,
    fairness: {
      rows: candidate.rows,
      tests: candidate.tests,
      unjudged: candidate.unjudged.slice(0, MOST_UNJUDGED),
      gaps: candidate.gaps.slice(0, SHOWN),
      reasons,
      inherited: unfair.filter(isOld).map(inWords),
    },
    passes: {
      fairness: judges ? reasons.length === 0 : null,
      off_policy: judges && off_policy.supported ? off_policy.gain.high >= 0 : null,
    },
    notes,
  };
}

/** The figures that go with the version: those that the deployer's gate reads, and what they rest on. */
export function auditMetrics({ off_policy, fairness, passes, decisions }: RouterAudit): Record<string, number | null> {
  const flag = (passed: boolean | null) => (passed === null ? null : Number(passed));
  const round = (x: number) => Math.round(x * 1e4) / 1e4;
  const estimates: Record<string, number> = {};
  if (off_policy.supported)
    for (const name of ['ips', 'snips', 'doubly_robust', 'logged', 'gain'] as const) {
      const estimate = off_policy[name];
      if (!estimate) continue;
      estimates[`off_policy/${name}`] = round(estimate.value);
      estimates[`off_policy/${name}_low`] = round(estimate.low);
      estimates[`off_policy/${name}_high`] = round(estimate.high);
    }
  const widest = fairness.gaps.filter((gap) => gap.figure === 'accuracy').map((gap) => Math.abs(gap.gap));
  return {
    fairness_passes: flag(passes.fairness),
    off_policy_passes: flag(passes.off_policy),
    'audit/decisions': decisions,
    'off_policy/effective': round(off_policy.effective),
    'off_policy/covered': round(off_policy.covered),
    ...estimates,
    'fairness/tests': fairness.tests,
    'fairness/unfair': fairness.reasons.length,
    'fairness/inherited': fairness.inherited.length,
    ...(widest.length > 0 ? { 'fairness/widest_gap': round(Math.max(...widest)) } : {}),
  };
}

interface Judged {
  readonly decision: LoggedDecision;
  readonly answer: Answer;
}

/**
 * Tasks on which both can be held against each other. Where the candidate would have chosen otherwise and the log was right, it is known to be
 * wrong; where the log was wrong, somebody must have corrected it, and few are. Counted as they are, an equal candidate would look worse. So
 * of the former only as large a share counts as was corrected of the failures, chosen by the task's name.
 */
function comparableOf(judged: readonly Judged[]): Judged[] {
  const failures = judged.filter(({ decision }) => rewardOf(decision) === 0);
  const corrected = failures.filter(({ decision }) => decision.right !== null).length;
  const share = failures.length > 0 ? corrected / failures.length : 0;
  return judged.filter(({ decision, answer }) => {
    if (answer.master === decision.master) return true;
    if (decision.right === null) return false;
    return decision.right !== decision.master || chance(decision.task) < share;
  });
}

/** Evenly spread over 0 to 1, the same for the same name. FNV-1a. */
function chance(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
}

function choiceOf({ decision, answer }: Judged): LoggedChoice {
  const { master, propensity = 1 } = decision;
  const unit = (x: number) => Math.min(1, Math.max(0, x));
  return {
    reward: rewardOf(decision),
    propensity,
    target: Number(answer.master === master),
    // Its own odds are the model of rewards: calibrated on rows they were not learned from.
    expected: unit((answer.odds[master] ?? 0) * answer.scope),
    expectedTarget: unit(answer.confidence * answer.scope),
  };
}

/** Whether the task went where it belonged; nothing known is a class of its own, and earns nothing. */
const rewardOf = ({ right, reward, master }: LoggedDecision): number =>
  right === null ? (reward ?? 0) : Number(right === master);

function rowOf(decision: LoggedDecision, { master, confidence, scope, abstain }: Answer): AuditRow {
  const same = master === decision.master;
  return {
    slices: slicesOf(decision),
    right: decision.right !== null ? master === decision.right : same && decision.reward === 0 ? false : undefined,
    abstained: abstain,
    confidence: confidence * scope,
    // How long others had to wait for this master says nothing of the model.
    waitMs: same ? decision.delayMs : undefined,
  };
}

function servedRow(decision: LoggedDecision): AuditRow {
  const { right, reward, master, probabilities, delayMs } = decision;
  return {
    slices: slicesOf(decision),
    right: right !== null ? right === master : reward === 0 ? false : undefined,
    abstained: false,
    confidence: probabilities[master] ?? 0,
    waitMs: delayMs,
  };
}

const slicesOf = ({ text, features }: LoggedDecision) => slicesOfTask({ text, ...features });

const isSameGap = (a: Gap, b: Gap) => a.dimension === b.dimension && a.value === b.value && a.figure === b.figure;
