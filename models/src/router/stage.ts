// One stage of the cascade: some voices, their weights, and what their joint odds are worth.
// The one thing to know: 'words' is the stage without the encoder, 'full' has every voice; each is calibrated on its own.
import { fitStack, largest, stackOdds } from '../calibration/index.js';
import { fitScope, priorScope, type ScopeExample, type ScopeModel, scopeOdds } from '../scope/index.js';
import type { CrossFit, LeftOut } from './cross-fit.js';
import type { Scores } from './voice.js';

export interface StageFit {
  /** Which of the router's voices, by number. */
  voices: number[];
  weights: number[];
  /** What turns each of these voices' scores into odds of its own. */
  temperatures: number[];
  scope: ScopeModel;
  /** How the weights came about. */
  origin: 'fitted' | 'prior' | `best:${string}`;
}

export interface StageJudged {
  /** By row: the odds of each label, and what the voices noticed. */
  examples: (ScopeExample & { odds: Float64Array })[];
  /** By row: the probability that any label fits. */
  scope: Float64Array;
}

export interface StageProblem {
  names: readonly string[];
  /** Voices of this stage, by number. */
  voices: readonly number[];
  priors: readonly number[];
  labels: number;
  cross: CrossFit;
  target: Int32Array;
  /** Rows whose label occurs outside their own fold: the only ones that weights may be fitted and judged on. */
  judged: readonly number[];
  /** Rows no master fits. */
  nulls: readonly number[];
  /** Stand-ins for rows that no master fits; none where enough were given. */
  leftOut: readonly LeftOut[];
  outsideShare: number;
}

/** Below this many judged rows there is nothing to fit on: the prior weights serve. */
const ENOUGH_ROWS = 30;

export async function fitStage(problem: StageProblem): Promise<StageFit> {
  const { names, voices, priors, labels, cross, judged, target } = problem;
  const scores = voices.map((v) => cross.voices[v]!.scores);
  const prior = voices.map((v) => priors[v]!);
  const masked = new Int32Array(target.length).fill(-1);
  for (const r of judged) masked[r] = target[r]!;
  const temperatures: number[] = [];
  for (const [i, own] of scores.entries()) {
    const [fitted] = await fitStack({ labels, voices: [own], target: masked, prior: [prior[i]!] });
    temperatures.push(fitted!);
  }
  let weights: Float64Array = Float64Array.from(prior);
  let origin: StageFit['origin'] = 'prior';
  if (judged.length >= ENOUGH_ROWS && labels > 1) {
    weights = await fitStack({ labels, voices: scores, target: masked, prior });
    origin = 'fitted';
    let most = accuracy(weights, scores, labels, masked);
    // Never worse than its best member: a lone voice that is right more often serves alone, with its own temperature.
    for (const [i, v] of voices.entries()) {
      if (voices.length < 2) break;
      const alone = new Float64Array(voices.length);
      alone[i] = temperatures[i]!;
      const right = accuracy(alone, scores, labels, masked);
      if (right <= most) continue;
      most = right;
      weights = alone;
      origin = `best:${names[v]!}`;
    }
  }
  const fit: StageFit = {
    voices: [...voices],
    weights: [...weights],
    temperatures,
    scope: priorScope([], problem.outsideShare),
    origin,
  };
  fit.scope = await fitStageScope(fit, problem);
  return fit;
}

async function fitStageScope(fit: StageFit, problem: StageProblem): Promise<ScopeModel> {
  const { cross, judged, nulls, leftOut, labels, outsideShare } = problem;
  const own = fit.voices.map((v) => `odds of ${problem.names[v]!}`);
  const names = [...own, ...fit.voices.flatMap((v) => cross.signals[v]!)];
  const outside = examples(fit, cross, labels, nulls);
  const inside = nulls.length ? examples(fit, cross, labels, judged) : [];
  const given = outside.length > 0;
  for (const part of leftOut) {
    const rows = part.inside.map((_, r) => r);
    examples(fit, part.cross, part.labels, rows).forEach((one, r) => {
      (part.inside[r] ? inside : outside).push(one);
    });
  }
  if (!outside.length || judged.length < ENOUGH_ROWS) return priorScope(names, outsideShare);
  return fitScope(names, inside, outside, given ? 'given' : 'left-out', outsideShare);
}

/** Scores and signals of some rows by the router's voices; a voice that this stage does not use may be missing. */
export interface Scored {
  voices: readonly (Scores | undefined)[];
  signals: readonly (readonly string[])[];
}

function examples(fit: StageFit, scored: Scored, labels: number, rows: readonly number[]) {
  const scores = fit.voices.map((v) => scored.voices[v]!.scores);
  const alone = new Float64Array(labels);
  return rows.map((row) => {
    const odds = stackOdds(fit.weights, scores, row, new Float64Array(labels));
    const best = largest(odds);
    // How much each voice agrees with the joint choice: voices quarrel most over texts that no master fits.
    const signals = scores.map((own, i) => {
      const agreed = stackOdds([fit.temperatures[i]!], [own], row, alone)[best]!;
      return Math.log((agreed + 1e-6) / (1 - agreed + 1e-6));
    });
    for (const v of fit.voices) {
      const width = scored.signals[v]!.length;
      signals.push(...scored.voices[v]!.signals.subarray(row * width, (row + 1) * width));
    }
    return { odds, signals };
  });
}

/** Odds and scope of the rows given. */
export function judge(fit: StageFit, scored: Scored, labels: number, rows: readonly number[]): StageJudged {
  const judged = examples(fit, scored, labels, rows);
  return { examples: judged, scope: Float64Array.from(judged, (example) => scopeOdds(fit.scope, example)) };
}

function accuracy(weights: ArrayLike<number>, scores: readonly Float32Array[], labels: number, target: Int32Array) {
  const odds = new Float64Array(labels);
  let right = 0;
  target.forEach((label, r) => {
    if (label >= 0 && largest(stackOdds(weights, scores, r, odds)) === label) right++;
  });
  return right;
}
