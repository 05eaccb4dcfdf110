// The figures of `evaluate outcomes`, each from what was said and what happened.
// The one thing to know: differences to the baseline are paired and resample whole texts, for two masters' tries at one task are not independent.
import {
  auroc,
  bootstrapInterval,
  brierScore,
  expectedCalibrationError,
  type Interval,
  mean,
  quantile,
  reliabilityTable,
} from '../../metrics/index.js';

const ROUNDS = 500;

export interface SuccessScores {
  rows: number;
  auroc: number;
  brier: number;
  ece: number;
  precision: number;
  recall: number;
  f1: number;
  base_rate: number;
  baseline_master: { auroc: number; brier: number; ece: number };
  /** Ours less the baseline's: AUROC should lie above 0, Brier below. 95 %. */
  difference_to_master: { auroc: Interval; brier: Interval };
  reliability: ReturnType<typeof reliabilityTable>;
}

export function successScores(
  said: readonly number[],
  base: readonly number[],
  truth: readonly number[],
  texts: readonly string[],
  seed: number,
): SuccessScores {
  const happened = truth.map((t) => t >= 0.5);
  let hits = 0;
  let claimed = 0;
  said.forEach((p, i) => {
    if (p < 0.5) return;
    claimed++;
    if (happened[i]) hits++;
  });
  const positives = happened.filter(Boolean).length;
  const precision = claimed ? hits / claimed : 0;
  const recall = positives ? hits / positives : 0;
  const ranks = { said: ascending(said), base: ascending(base) };
  const brierOf = (p: readonly number[], times: Int32Array) =>
    weightedMean(
      p.map((x, i) => (x - truth[i]!) ** 2),
      times,
    );
  return {
    rows: said.length,
    auroc: auroc(said, happened),
    brier: brierScore(said, truth),
    ece: expectedCalibrationError(said, truth),
    precision,
    recall,
    f1: precision + recall ? (2 * precision * recall) / (precision + recall) : 0,
    base_rate: mean(truth),
    baseline_master: {
      auroc: auroc(base, happened),
      brier: brierScore(base, truth),
      ece: expectedCalibrationError(base, truth),
    },
    difference_to_master: {
      auroc: byText(
        texts,
        (times) => weightedAuroc(said, ranks.said, happened, times) - weightedAuroc(base, ranks.base, happened, times),
        seed,
      ),
      brier: byText(texts, (times) => brierOf(said, times) - brierOf(base, times), seed),
    },
    reliability: reliabilityTable(said, truth),
  };
}

export interface QuantityScores {
  rows: number;
  mae: number;
  medae: number;
  rmse: number;
  /** Share of rows at or below the stated p90. */
  p90_coverage: number;
  spearman: number;
  /** MAE of always saying the training median. */
  baseline_median: number;
  /** Our absolute error less the baseline's: below 0 is better. 95 %. */
  difference_to_median: Interval;
}

export function quantityScores(
  said: readonly { p50: number; p90: number }[],
  truth: readonly number[],
  trainingMedian: number,
  texts: readonly string[],
  seed: number,
): QuantityScores {
  const errors = said.map((s, i) => Math.abs(s.p50 - truth[i]!));
  const plain = truth.map((t) => Math.abs(t - trainingMedian));
  return {
    rows: said.length,
    mae: mean(errors),
    medae: quantile(
      errors.slice().sort((a, b) => a - b),
      0.5,
    ),
    rmse: Math.sqrt(mean(errors.map((e) => e * e))),
    p90_coverage: mean(said.map((s, i) => Number(truth[i]! <= s.p90 + 1e-9))),
    spearman: spearman(
      said.map((s) => s.p50),
      truth,
    ),
    baseline_median: mean(plain),
    difference_to_median: byText(texts, (times) => weightedMean(errors, times) - weightedMean(plain, times), seed),
  };
}

/** Correlation of ranks, ties at their mean rank; 0 when one side is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const x = ranksOf(a);
  const y = ranksOf(b);
  const mx = mean(x);
  const my = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  x.forEach((v, i) => {
    xy += (v - mx) * (y[i]! - my);
    xx += (v - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  });
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const out = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) out[order[k]!] = (start + end - 1) / 2;
    start = end;
  }
  return out;
}

function ascending(values: readonly number[]): Int32Array {
  return Int32Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
}

function weightedMean(values: readonly number[], times: Int32Array): number {
  let sum = 0;
  let rows = 0;
  values.forEach((value, i) => {
    sum += value * times[i]!;
    rows += times[i]!;
  });
  return rows ? sum / rows : 0;
}

/** `auroc` with each row counted so many times, in one pass over rows already in order. */
function weightedAuroc(
  score: readonly number[],
  order: Int32Array,
  positive: readonly boolean[],
  times: Int32Array,
): number {
  let below = 0;
  let positives = 0;
  let wins = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let tiedPositive = 0;
    let tiedNegative = 0;
    for (; end < order.length && score[order[end]!] === score[order[start]!]; end++) {
      if (positive[order[end]!]) tiedPositive += times[order[end]!]!;
      else tiedNegative += times[order[end]!]!;
    }
    wins += tiedPositive * (below + tiedNegative / 2);
    below += tiedNegative;
    positives += tiedPositive;
    start = end;
  }
  return positives && below ? wins / (positives * below) : 0.5;
}

/** Draws whole texts with repeats; the figure gets how often each row was drawn. */
function byText(texts: readonly string[], figure: (times: Int32Array) => number, seed: number): Interval {
  const numbers = new Map<string, number>();
  const group = Int32Array.from(texts, (text) => {
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text)!;
  });
  const drawnOf = new Int32Array(numbers.size);
  const times = new Int32Array(texts.length);
  return bootstrapInterval(
    numbers.size,
    (drawn) => {
      drawnOf.fill(0);
      for (const g of drawn) drawnOf[g]!++;
      group.forEach((g, r) => {
        times[r] = drawnOf[g]!;
      });
      return figure(times);
    },
    { seed, rounds: ROUNDS },
  );
}
