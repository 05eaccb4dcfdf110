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
  const resample = (figure: (rows: number[]) => number) => byText(texts, figure, seed);
  const pick = (values: readonly number[], rows: readonly number[]) => rows.map((r) => values[r]!);
  const aurocOf = (p: readonly number[], rows: number[]) =>
    auroc(
      pick(p, rows),
      rows.map((r) => happened[r]!),
    );
  const brierOf = (p: readonly number[], rows: number[]) => brierScore(pick(p, rows), pick(truth, rows));
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
      auroc: resample((rows) => aurocOf(said, rows) - aurocOf(base, rows)),
      brier: resample((rows) => brierOf(said, rows) - brierOf(base, rows)),
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
    difference_to_median: byText(texts, (rows) => mean(rows.map((r) => errors[r]! - plain[r]!)), seed),
  };
}

/** Correlation of ranks, ties at their mean rank; 0 when one side is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const x = ranks(a);
  const y = ranks(b);
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

function ranks(values: readonly number[]): number[] {
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

function byText(texts: readonly string[], figure: (rows: number[]) => number, seed: number): Interval {
  const groups = new Map<string, number[]>();
  texts.forEach((text, r) => {
    const known = groups.get(text);
    if (known) known.push(r);
    else groups.set(text, [r]);
  });
  const list = [...groups.values()];
  return bootstrapInterval(list.length, (drawn) => figure(Array.from(drawn).flatMap((g) => list[g]!)), {
    seed,
    rounds: ROUNDS,
  });
}
