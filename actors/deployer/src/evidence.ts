// What a trial has seen, and what follows from it. Pure: a decision or a judged task in, the next evidence out; `verdictOf` reads it.
// The one thing to know: sides are versions: `champion` is the one that served when the trial began, `challenger` the candidate, whoever
// decides now. So a shadow, a canary and a probation all count the same way.
import {
  type ArmEvidence,
  bet,
  estimateOffPolicy,
  evidenceOf,
  MARGIN_PRIOR,
  meanOfArm,
  NO_ARMS,
  NO_EVIDENCE,
  NO_PAIRS,
  observeArm,
  observePair,
  type PairedEvidence,
  proven,
  type Side,
  type TestEvidence,
} from '@cortex/models';
import type { Judged, Observed } from './judged.js';
import { type DeployerSettings, LEGACY } from './settings.js';

export interface Sides {
  /** The version that served when the trial began. */
  readonly champion: string;
  readonly challenger: string;
}

interface SliceEvidence {
  readonly worse: PairedEvidence;
  /** As over all tasks. */
  readonly bound: TestEvidence;
  readonly reward: ArmEvidence;
}

interface Completed {
  readonly units: number;
  readonly completed: number;
  readonly rated: number;
  /** Sum of quality, 0 to 1 each. */
  readonly quality: number;
}

export interface TrialEvidence {
  readonly pairs: PairedEvidence;
  /**
   * That the champion was right in most disagreements, even if the challenger was right whenever the champion failed and nobody said
   * otherwise: needs no corrections.
   */
  readonly bound: TestEvidence;
  readonly slices: Readonly<Record<string, SliceEvidence>>;
  readonly reward: ArmEvidence;
  /** Whether anything was known of the task at its age. */
  readonly reported: ArmEvidence;
  readonly slow: TestEvidence;
  readonly failing: TestEvidence;
  readonly asking: TestEvidence;
  readonly overconfident: TestEvidence;
  readonly completed: Readonly<Record<Side, Completed>>;
  readonly decisions: number;
  /** Decisions for which a person was asked: without any, unsure models decide too, and asking is not counted. */
  readonly asked: number;
  readonly units: number;
  /** Judged tasks of the challenger since the present share began. */
  readonly stageUnits: number;
  /** It is of the champion's own line: the same code, more rows. */
  readonly successor: boolean;
  /** The line of versions whose bet this one goes on with; see lineage.ts. */
  readonly inherited?: { readonly versions: number; readonly units: number; readonly last: string };
  /** The latest logged choices as [reward, propensity, target], for the off-policy estimate. */
  readonly logged: readonly (readonly [number, number, number])[];
}

const NONE: Completed = { units: 0, completed: 0, rated: 0, quality: 0 };
export const NOTHING_SEEN: TrialEvidence = {
  pairs: NO_PAIRS,
  bound: NO_EVIDENCE,
  slices: {},
  reward: NO_ARMS,
  reported: NO_ARMS,
  slow: NO_EVIDENCE,
  failing: NO_EVIDENCE,
  asking: NO_EVIDENCE,
  overconfident: NO_EVIDENCE,
  completed: { champion: NONE, challenger: NONE },
  decisions: 0,
  asked: 0,
  units: 0,
  stageUnits: 0,
  logged: [],
  successor: false,
};

/** Evidence that an older deployer stored, with what it did not know of yet. */
export function withDefaults(stored: TrialEvidence): TrialEvidence {
  const slices = Object.entries(stored.slices).map(([name, slice]) => [
    name,
    { ...slice, worse: { ...NO_PAIRS, ...slice.worse } },
  ]);
  return {
    ...NOTHING_SEEN,
    ...stored,
    pairs: { ...NO_PAIRS, ...stored.pairs },
    slices: Object.fromEntries(slices),
  };
}

/** Slices that are watched, first come first served; their error probability is shared. */
export const MOST_SLICES = 40;
const MOST_LOGGED = 300;

/** A decision on which the candidate spoke or was to speak: latency, failures, questions. */
export function seeDecision(
  evidence: TrialEvidence,
  observed: Observed,
  { champion, challenger }: Sides,
  settings: DeployerSettings,
): TrialEvidence {
  // Not there though it should be: it could not be loaded, which is a failure like any other.
  const mine = observed.said[challenger] ?? { latencyMs: 0, error: 'absent', asked: false };
  const other = observed.said[champion];
  const { slow, failing, asking } = settings.allowed;
  const asked = evidence.asked + (observed.said[observed.by]?.asked ? 1 : 0);
  const isSlow = mine.latencyMs > settings.slow_ms && !(other && other.latencyMs > settings.slow_ms);
  return {
    ...evidence,
    decisions: evidence.decisions + 1,
    asked,
    slow: bet(evidence.slow, Number(isSlow) - slow),
    failing: bet(evidence.failing, Number(mine.error !== undefined) - failing),
    asking:
      other && mine.error === undefined && asked > 0
        ? bet(evidence.asking, Math.max(-1, Number(mine.asked) - Number(other.asked) - asking))
        : evidence.asking,
  };
}

/** A task at its age. Tasks that neither side had to do with change nothing. */
export function seeJudged(
  evidence: TrialEvidence,
  judged: Judged,
  sides: Sides,
  settings: DeployerSettings,
): TrialEvidence {
  const sideOf = (version: string | undefined): Side | undefined =>
    version === sides.champion ? 'champion' : version === sides.challenger ? 'challenger' : undefined;
  const arm = sideOf(judged.assigned);
  if (arm === undefined) return evidence;
  const said = { champion: judged.said[sides.champion], challenger: judged.said[sides.challenger] };
  const executed = sideOf(judged.executed);
  const slices = { ...evidence.slices };
  for (const [dimension, value] of Object.entries(judged.slices)) {
    const name = `${dimension}=${value}`;
    if (slices[name] || Object.keys(slices).length < MOST_SLICES)
      slices[name] = slices[name] ?? { worse: NO_PAIRS, bound: NO_EVIDENCE, reward: NO_ARMS };
  }
  const mine = Object.entries(judged.slices).flatMap(([d, v]) => (slices[`${d}=${v}`] ? [`${d}=${v}`] : []));
  const both = said.champion?.master !== undefined && said.challenger?.master !== undefined;
  let { pairs, bound } = evidence;
  if (both) {
    const row = {
      executed,
      agree: said.champion?.master === said.challenger?.master,
      right: { champion: judged.right[sides.champion], challenger: judged.right[sides.challenger] },
      corrected: judged.corrected,
    };
    const lopsided = (test: TestEvidence) =>
      !row.agree && executed === 'champion' && judged.success !== undefined ? bet(test, judged.success ? 1 : -1) : test;
    for (const name of mine) {
      const slice = slices[name];
      if (!slice) continue;
      // The chance of a correction is that of all tasks: a slice alone has too few failures.
      const worse = observePair({ ...slice.worse, failures: pairs.failures, corrected: pairs.corrected }, row);
      slices[name] = { ...slice, worse, bound: lopsided(slice.bound) };
    }
    bound = lopsided(bound);
    pairs = observePair(pairs, row, settings.successor_margin);
  }
  for (const name of mine) {
    const slice = slices[name];
    if (slice) slices[name] = { ...slice, reward: observeArm(slice.reward, arm, judged.reward, settings.margin) };
  }
  const confidence = said[arm]?.confidence;
  const overconfident =
    arm === 'challenger' && executed === 'challenger' && judged.success !== undefined && confidence !== undefined
      ? bet(evidence.overconfident, clamp(confidence - Number(judged.success) - settings.allowed.overconfident))
      : evidence.overconfident;
  const before = evidence.completed[arm];
  const target = both ? Number(said.challenger?.master === judged.master) : undefined;
  return {
    ...evidence,
    pairs,
    bound,
    slices,
    overconfident,
    reward: observeArm(evidence.reward, arm, judged.reward, settings.margin),
    reported: observeArm(evidence.reported, arm, judged.success === undefined ? 0 : 1, settings.margin),
    completed: {
      ...evidence.completed,
      [arm]: {
        units: before.units + 1,
        completed: before.completed + Number(judged.success === true),
        rated: before.rated + (judged.quality === undefined ? 0 : 1),
        quality: before.quality + (judged.quality ?? 0),
      },
    },
    units: evidence.units + 1,
    stageUnits: evidence.stageUnits + (arm === 'challenger' ? 1 : 0),
    logged:
      arm === 'champion' && target !== undefined && judged.success !== undefined && judged.propensity > 0
        ? [...evidence.logged.slice(-(MOST_LOGGED - 1)), [judged.reward, judged.propensity, target] as const]
        : evidence.logged,
  };
}

const clamp = (x: number) => Math.max(-1, Math.min(1, x));

export interface Verdict {
  /** Why the challenger must go, in words; undefined: nothing is proven against it. */
  readonly harm?: string;
  /** Why it may take the champion's place, in words; undefined: nothing is proven for it. */
  readonly merit?: string;
}

/** What is proven by now. May be asked after every row: the error probabilities hold over all looks together. */
export function verdictOf(evidence: TrialEvidence, settings: DeployerSettings): Verdict {
  const harm = harmOf(evidence, settings);
  const merit = meritOf(evidence, settings);
  return { ...(harm === undefined ? {} : { harm }), ...(merit === undefined ? {} : { merit }) };
}

function meritOf(evidence: TrialEvidence, settings: DeployerSettings): string | undefined {
  const { pairs, inherited, successor, units } = evidence;
  const { alpha_promote: alpha, successor_margin: margin, own_units } = settings;
  if (settings.preset === 'legacy') return legacyBetter(evidence) ? 'better by the older rule' : undefined;
  // What a version inherited, it has to bear out: some tasks of its own, and more of them won than lost.
  const bearsOut = units >= own_units && pairs.gain > 0;
  if (proven(pairs.better, alpha) && (!inherited || bearsOut)) return `proven better (error probability ${alpha})`;
  if (successor && margin > 0 && proven(pairs.noWorse, alpha) && bearsOut)
    return `learnt as the champion did and from more, and proven not to be ${points(margin)} worse (error probability ${alpha})`;
  return undefined;
}

function harmOf(evidence: TrialEvidence, { alpha_harm: alpha, slow_ms: slow }: DeployerSettings): string | undefined {
  const { pairs, reward, reported } = evidence;
  const share = (test: TestEvidence, allowed: string) => `${allowed} (${test.rows} decisions)`;
  if (proven(evidence.failing, alpha))
    return share(evidence.failing, 'it fails or is too late more often than allowed');
  if (proven(evidence.slow, alpha))
    return share(evidence.slow, `it takes longer than ${slow} ms more often than allowed`);
  if (proven(evidence.asking, alpha)) return share(evidence.asking, 'it asks people more often than allowed');
  if (proven(pairs.worse, alpha / 2) || proven(evidence.bound, alpha / 2))
    return `it is right less often than the champion (by ${points(pairs.gain / pairs.rows)} over ${pairs.rows} tasks)`;
  if (proven(reward.harm, alpha))
    return `its reward is lower: ${figure(meanOfArm(reward, 'challenger'))} against ${figure(meanOfArm(reward, 'champion'))}`;
  if (proven(reported.harm, alpha))
    return `its tasks end without a report: ${figure(meanOfArm(reported, 'challenger'))} against ${figure(meanOfArm(reported, 'champion'))} are reported`;
  if (proven(evidence.overconfident, alpha)) return 'it is surer of itself than it is right';
  // Three tests a slice, all slices together at one error probability.
  const each = alpha / (3 * MOST_SLICES);
  for (const [name, slice] of Object.entries(evidence.slices))
    if (proven(slice.worse.worse, each) || proven(slice.bound, each) || proven(slice.reward.harm, each))
      return `it is worse for ${name} (${slice.worse.rows} tasks)`;
  return undefined;
}

/** The rule of older installations; its figures are no proof, so the guards above stay in force beside it. */
function legacyBetter({ completed: { champion, challenger } }: TrialEvidence): boolean {
  if (champion.units < LEGACY.units || challenger.units < LEGACY.units) return false;
  const quality = (side: Completed) => (5 * side.quality) / Math.max(1, side.rated);
  const completion = (side: Completed) => side.completed / side.units;
  const rated = champion.rated > 0 && challenger.rated > 0;
  return (
    rated &&
    quality(challenger) - quality(champion) >= LEGACY.quality &&
    completion(challenger) - completion(champion) >= LEGACY.completion
  );
}

/** Figures for the history of aliases, events and people. */
export function summaryOf(evidence: TrialEvidence): Record<string, unknown> {
  const { pairs, reward } = evidence;
  const offPolicy = estimateOffPolicy(
    evidence.logged.map(([r, propensity, target]) => ({ reward: r, propensity, target })),
  );
  const round = (x: number | undefined) => (x === undefined ? null : Number(x.toFixed(4)));
  return {
    decisions: evidence.decisions,
    units: evidence.units,
    ...(evidence.inherited ? { inherited: evidence.inherited } : {}),
    disagreements: pairs.disagreements,
    known: { wins: pairs.wins, losses: pairs.losses },
    estimated_gain: round(pairs.rows > 0 ? pairs.gain / pairs.rows : undefined),
    log_evidence: {
      better: round(evidenceOf(pairs.better)),
      no_worse: evidence.successor ? round(evidenceOf(pairs.noWorse, MARGIN_PRIOR)) : null,
      worse: round(evidenceOf(pairs.worse)),
    },
    reward: { champion: round(meanOfArm(reward, 'champion')), challenger: round(meanOfArm(reward, 'challenger')) },
    units_by_arm: { champion: reward.total.champion.rows, challenger: reward.total.challenger.rows },
    off_policy: offPolicy.supported
      ? { snips: offPolicy.snips, effective: round(offPolicy.effective) }
      : { refused: offPolicy.reason },
    slices: Object.keys(evidence.slices).length,
  };
}

const points = (x: number) => `${(100 * Math.abs(x)).toFixed(1)} points`;
const figure = (x: number | undefined) => (x === undefined ? 'none' : x.toFixed(3));
