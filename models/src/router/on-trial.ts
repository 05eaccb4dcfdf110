// A dear voice that has to earn its place: it is made for one fold first, and cross-fitted further only if the ensemble with it says
// surely more about that fold's rows than the ensemble without it.
// The one thing to know: the weights that are compared are fitted on one half of the fold and judged on the other, both ways, since
// another voice always looks better on the rows its weight was fitted on.
import { fitStack, stackOdds } from '../calibration/index.js';
import { bootstrapMean, type Interval } from '../metrics/index.js';
import { type CrossFit, type CrossFitOptions, crossFit } from './cross-fit.js';
import type { VoiceMaker, VoiceRows } from './voice.js';

export interface Trial {
  /** Log loss saved for each row of the fold, natural logarithm; above 0: the voice helps. */
  gain: number;
  interval: Interval;
}

export interface TrialProblem {
  rows: VoiceRows;
  fold: Int32Array;
  folds: number;
  /** The others, all folds. */
  cross: CrossFit;
  priors: readonly number[];
  /** Rows that voices may be judged on. */
  judged: readonly number[];
}

/** Rows below which nothing is sure. */
const FEWEST_ROWS = 60;

/** The others' scores with the voice's appended where it earned its place, without where it did not. */
export async function tryVoice(
  maker: VoiceMaker,
  problem: TrialProblem,
  options: CrossFitOptions,
): Promise<{ cross: CrossFit; kept: boolean; trial?: Trial }> {
  const { rows, fold, folds, cross } = problem;
  const first = problem.judged.filter((r) => fold[r] === 0);
  if (first.length < FEWEST_ROWS) return { cross, kept: false };
  const own = await crossFit([maker], rows, fold, folds, { ...options, among: [0] });
  const trial = await judgeTrial(maker, own, first, problem);
  if (!(trial.interval.low > 0)) return { cross, kept: false, trial };
  const rest = Array.from({ length: folds - 1 }, (_, f) => f + 1);
  await crossFit([maker], rows, fold, folds, { ...options, among: rest, into: own });
  return {
    cross: { voices: [...cross.voices, ...own.voices], signals: [...cross.signals, ...own.signals] },
    kept: true,
    trial,
  };
}

async function judgeTrial(maker: VoiceMaker, own: CrossFit, first: readonly number[], problem: TrialProblem) {
  const { rows, cross, priors } = problem;
  const without = cross.voices.map(({ scores }) => scores);
  const losses = async (voices: readonly Float32Array[], prior: readonly number[]) => {
    const found = new Float64Array(first.length);
    for (const half of [0, 1]) {
      const target = new Int32Array(rows.texts.length).fill(-1);
      first.forEach((r, i) => {
        if (i % 2 !== half) target[r] = rows.target[r]!;
      });
      const labels = rows.labels.length;
      const weights = await fitStack({ labels, voices, target, prior });
      const odds = new Float64Array(labels);
      first.forEach((r, i) => {
        if (i % 2 === half)
          found[i] = -Math.log(Math.max(1e-12, stackOdds(weights, voices, r, odds)[rows.target[r]!]!));
      });
    }
    return found;
  };
  const alone = await losses(without, priors);
  const together = await losses([...without, own.voices[0]!.scores], [...priors, maker.priorWeight]);
  const gains = alone.map((loss, i) => loss - together[i]!);
  return {
    gain: gains.reduce((sum, gain) => sum + gain, 0) / gains.length,
    interval: bootstrapMean(gains, { seed: rows.seed, rounds: 500 }),
  };
}
