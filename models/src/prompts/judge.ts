// Whether a candidate prompt takes over: the same test as for models, read after every outcome without fooling oneself. Pure.
import type { PromptHead, PromptTrial } from '@cortex/schemas';
import {
  evidenceOf,
  meanInterval,
  NO_ARMS,
  NO_MEAN,
  observeArm,
  observeMean,
  proven,
  type RunningMean,
} from '../sequential/index.js';

export interface JudgeOptions {
  /** Error probability of a promotion, and of a roll-back. Default 0.05. */
  readonly alpha?: number;
  /** A success rate lower by this much is no harm. Default 0: any harm that is proven counts. */
  readonly margin?: number;
  /** Outcomes of the candidate after which an undecided trial ends. Default 1,000. */
  readonly most?: number;
}

export interface ArmPicture {
  readonly version: number;
  readonly tasks: number;
  readonly succeeded: number;
  /** Success rate with an interval that holds at every moment (95 %). */
  readonly rate: number | null;
  readonly low: number;
  readonly high: number;
  /** Mean tokens of a task. */
  readonly tokens: number | null;
}

export interface Judgement {
  readonly verdict: 'wait' | 'promote' | 'roll-back' | 'withdraw';
  /** Logarithm of the evidence that the candidate is better, and worse; {@link needed} decides. */
  readonly better: number;
  readonly worse: number;
  readonly needed: number;
  readonly production: ArmPicture;
  readonly candidate: ArmPicture;
  readonly why: string;
}

export interface PromptOutcome {
  readonly version: number;
  readonly success: boolean;
  readonly tokens: number;
}

/** What the outcomes since the candidate's start say; undefined without a candidate. */
export function judgementOf(head: PromptHead, trial: PromptTrial, options: JudgeOptions = {}): Judgement | undefined {
  const { candidate, production } = head;
  if (!candidate || production === undefined) return undefined;
  const since = Date.parse(candidate.since);
  const outcomes = trial.outcomes.filter(({ at }) => Date.parse(at) >= since);
  return judgePrompt(outcomes, { production, candidate: candidate.version }, options);
}

/** `outcomes` in the order in which they became known, since the candidate has been on trial. */
export function judgePrompt(
  outcomes: readonly PromptOutcome[],
  versions: { readonly production: number; readonly candidate: number },
  options: JudgeOptions = {},
): Judgement {
  const { alpha = 0.05, margin = 0, most = 1_000 } = options;
  let harm = NO_ARMS;
  // The same comparison with the sides changed: that production is the worse one.
  let gain = NO_ARMS;
  for (const { version, success } of outcomes) {
    const arm =
      version === versions.candidate ? 'challenger' : version === versions.production ? 'champion' : undefined;
    if (arm === undefined) continue;
    harm = observeArm(harm, arm, success ? 1 : 0, margin);
    gain = observeArm(gain, arm === 'champion' ? 'challenger' : 'champion', success ? 1 : 0);
  }
  const production = picture(outcomes, versions.production);
  const candidate = picture(outcomes, versions.candidate);
  const shares = `${words(candidate)} against ${words(production)}`;
  const base = {
    better: evidenceOf(gain.harm),
    worse: evidenceOf(harm.harm),
    needed: Math.log(1 / alpha),
    production,
    candidate,
  };
  if (proven(harm.harm, alpha)) return { ...base, verdict: 'roll-back', why: `the candidate is worse: ${shares}` };
  if (proven(gain.harm, alpha)) return { ...base, verdict: 'promote', why: `the candidate is better: ${shares}` };
  if (candidate.tasks >= most)
    return { ...base, verdict: 'withdraw', why: `no difference after ${candidate.tasks} tasks: ${shares}` };
  return { ...base, verdict: 'wait', why: `not decided yet: ${shares}` };
}

function picture(outcomes: readonly PromptOutcome[], version: number): ArmPicture {
  const own = outcomes.filter((outcome) => outcome.version === version);
  let mean: RunningMean = NO_MEAN;
  for (const { success } of own) mean = observeMean(mean, success ? 1 : 0);
  const succeeded = own.filter(({ success }) => success).length;
  const { low, high } = meanInterval(mean);
  return {
    version,
    tasks: own.length,
    succeeded,
    rate: own.length === 0 ? null : succeeded / own.length,
    low,
    high,
    tokens: own.length === 0 ? null : own.reduce((sum, { tokens }) => sum + tokens, 0) / own.length,
  };
}

function words(arm: ArmPicture): string {
  return `@${arm.version} ${arm.succeeded} of ${arm.tasks}`;
}
