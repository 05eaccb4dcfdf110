// The document of `evaluate routing`: every figure of the contract, with intervals, from answers that are already final.
// The one thing to know: figures over rows with a label force the best master; only `oos_*` and `abstain_*` look at the null rows.
import {
  auroc,
  bootstrapInterval,
  bootstrapMean,
  brierScore,
  classificationScores,
  confusedPairs,
  expectedCalibrationError,
  type Interval,
  type LabelScore,
  logLoss,
  mean,
  pairedDifference,
  quantile,
  type ReliabilityBin,
  reliabilityTable,
} from '../../metrics/index.js';
import type { RouteResult, RouterModel } from '../../router/index.js';
import type { BadRow, LabelledFile } from './input.js';

export interface Answers {
  /** Single questions with the cascade on, and with every voice: for times. */
  times: readonly RouteResult[];
  everything: readonly RouteResult[];
  /** All rows, every voice; all rows, with the cascade. */
  full: readonly RouteResult[];
  cascade: readonly RouteResult[];
}

export interface Baseline {
  accuracy: number;
  macro_f1: number;
  /** Accuracy of the router − factor × the baseline's, paired; above 0 says that it is beaten by that factor. */
  beaten_by: { factor: number; interval: Interval };
}

export interface Mistake {
  /** Number of the test row, from 0, and its line in the file. */
  row: number;
  line: number;
  text: string;
  label: string | null;
  answer: string | null;
  confidence: number;
  explanation: string[];
}

/** Null where no row of the test file has a label. */
export type Figure = number | null;

export interface RoutingDocument {
  kind: 'routing';
  accuracy: Figure;
  macro_f1: Figure;
  weighted_f1: Figure;
  ece: Figure;
  early_exit: { share: Figure; loss: Figure; accuracy: Figure; ece: Figure; oos_auroc: number | null };
  coverage: Figure;
  set_size: Figure;
  /** The same of `candidates`: never empty, hence larger than asked for where the router is mostly right. */
  candidates: { coverage: Figure; size: Figure };
  oos_auroc: number | null;
  abstain_recall: number | null;
  /** Share of rows with a label that it would not decide, and accuracy on those it would. */
  abstain: { share_with_label: Figure; accuracy_when_decided: Figure; threshold: number };
  per_class: Record<string, LabelScore>;
  latency_ms: { p50: number; p99: number };
  /** Times without the encoder pass: with the cascade, and with every voice asked. */
  latency_beyond_encoder_ms: { p50: number; p99: number; full_p50: number; full_p99: number };
  train_seconds: number;
  baseline_rule: Baseline | null;
  baseline_linear: Baseline | null;
  baseline_nearest_description: Baseline | null;
  log_loss: Figure;
  brier: Figure;
  intervals: Record<'accuracy' | 'macro_f1' | 'ece' | 'coverage' | 'oos_auroc', Interval | null>;
  reliability: ReliabilityBin[];
  confusion: { truth: string; answer: string; count: number }[];
  worst_mistakes: Mistake[];
  rows: {
    test: number;
    with_label: number;
    without_label: number;
    unknown_label: number;
    train: number;
    bad: { train: BadRow[]; test: BadRow[]; train_count: number; test_count: number };
  };
  router: {
    encoder: string | null;
    labels: number;
    voices: { name: string; weight_words: number; weight_full: number }[];
    origin: string;
    held_out: Record<string, number>;
    notes: string[];
  };
  seed: number;
  memory_mb: number;
}

export interface ScoreInput {
  test: LabelledFile;
  train?: { rows: number; bad: readonly BadRow[] };
  answers: Answers;
  model: RouterModel;
  trainSeconds: number;
  baselines: { rule: string[] | null; linear: string[] | null; nearest: string[] | null };
  seed: number;
}

const SHOWN_BAD = 20;
const SHOWN_MISTAKES = 10;
/** What every baseline should be beaten by. */
const FACTOR = 1.1;

export function scoreRouting(input: ScoreInput): RoutingDocument {
  const { test, answers, model, baselines, seed } = input;
  const labels = test.rows.map(({ label }) => label);
  const named = indices(labels, (label) => label !== null);
  const truth = named.map((i) => labels[i]!);
  const pick = (results: readonly RouteResult[]) => named.map((i) => results[i]!);
  const full = pick(answers.full);
  const cascade = pick(answers.cascade);
  const right = rightOf(full, truth);
  const rightCascade = rightOf(cascade, truth);
  const confidence = full.map((result) => result.confidence);
  const scores = classificationScores(truth, answered(full));
  const covered = full.map(({ conformal }, i) => Number(conformal.includes(truth[i]!)));
  const scope = answers.full.map((result) => result.scope);
  const inside = labels.map((label) => label !== null);
  const anyOutside = named.length < labels.length && named.length > 0;
  const outside = indices(labels, (label) => label === null);
  const decided = indices(full, ({ abstain }) => !abstain);
  const baseline = (answersOf: string[] | null): Baseline | null => {
    if (!answersOf || named.length === 0) return null;
    const own = named.map((i) => answersOf[i]!);
    const { accuracy, macro_f1 } = classificationScores(truth, own);
    const hits = own.map((answer, i) => Number(answer === truth[i]));
    return {
      accuracy,
      macro_f1,
      beaten_by: { factor: FACTOR, interval: pairedDifference(right, hits, { seed, factor: FACTOR }) },
    };
  };
  const at = (results: readonly RouteResult[], of: (result: RouteResult) => number, q: number) =>
    quantile(
      results.map(of).sort((a, b) => a - b),
      q,
    );
  const figure = (value: () => number): Figure => (named.length > 0 ? value() : null);
  const served = (result: RouteResult) => result.latency_ms;
  const beyond = (result: RouteResult) => result.latency_ms - result.encoder_ms;
  const { state } = model;
  const known = new Set(model.masters);
  return {
    kind: 'routing',
    accuracy: figure(() => scores.accuracy),
    macro_f1: figure(() => scores.macro_f1),
    weighted_f1: figure(() => scores.weighted_f1),
    ece: figure(() => expectedCalibrationError(confidence, right)),
    early_exit: {
      share: figure(() => mean(cascade.map(({ exit }) => Number(exit !== 'full' && state.full !== null)))),
      loss: figure(() => mean(right) - mean(rightCascade)),
      accuracy: figure(() => mean(rightCascade)),
      ece: figure(() =>
        expectedCalibrationError(
          cascade.map((result) => result.confidence),
          rightCascade,
        ),
      ),
      oos_auroc: anyOutside
        ? auroc(
            answers.cascade.map((result) => result.scope),
            inside,
          )
        : null,
    },
    coverage: figure(() => mean(covered)),
    set_size: figure(() => mean(full.map(({ conformal }) => conformal.length))),
    candidates: {
      coverage: figure(() => mean(full.map(({ candidates }, i) => Number(candidates.includes(truth[i]!))))),
      size: figure(() => mean(full.map(({ candidates }) => candidates.length))),
    },
    oos_auroc: anyOutside ? auroc(scope, inside) : null,
    abstain_recall: outside.length ? mean(outside.map((i) => Number(answers.full[i]!.abstain))) : null,
    abstain: {
      share_with_label: figure(() => 1 - decided.length / full.length),
      accuracy_when_decided: decided.length > 0 ? mean(decided.map((i) => right[i]!)) : null,
      threshold: full[0]?.threshold ?? 0,
    },
    per_class: Object.fromEntries(scores.per_class),
    latency_ms: { p50: at(answers.times, served, 0.5), p99: at(answers.times, served, 0.99) },
    latency_beyond_encoder_ms: {
      p50: at(answers.times, beyond, 0.5),
      p99: at(answers.times, beyond, 0.99),
      full_p50: at(answers.everything, beyond, 0.5),
      full_p99: at(answers.everything, beyond, 0.99),
    },
    train_seconds: input.trainSeconds,
    baseline_rule: baseline(baselines.rule),
    baseline_linear: baseline(baselines.linear),
    baseline_nearest_description: baseline(baselines.nearest),
    log_loss: figure(() =>
      logLoss(
        full.map(({ probabilities }, i) => probabilities[truth[i]!] ?? 0),
        1e-6,
      ),
    ),
    brier: figure(() => brierScore(confidence, right)),
    intervals: {
      accuracy: bootstrapMean(right, { seed }),
      macro_f1: bootstrapInterval(
        truth.length,
        (drawn) => classificationScores(pickBy(truth, drawn), pickBy(answered(full), drawn)).macro_f1,
        { seed, rounds: 200 },
      ),
      ece: bootstrapInterval(
        truth.length,
        (drawn) => expectedCalibrationError(pickBy(confidence, drawn), pickBy(right, drawn)),
        { seed, rounds: 200 },
      ),
      coverage: bootstrapMean(covered, { seed }),
      oos_auroc: anyOutside
        ? bootstrapInterval(scope.length, (drawn) => auroc(pickBy(scope, drawn), pickBy(inside, drawn)), {
            seed,
            rounds: 200,
          })
        : null,
    },
    reliability: reliabilityTable(confidence, right).filter(({ rows }) => rows),
    confusion: confusedPairs(truth, answered(full)),
    worst_mistakes: worstMistakes(test, answers.full),
    rows: {
      test: labels.length,
      with_label: named.length,
      without_label: outside.length,
      unknown_label: truth.filter((label) => !known.has(label)).length,
      train: input.train?.rows ?? state.data.rows,
      bad: {
        train: (input.train?.bad ?? []).slice(0, SHOWN_BAD),
        test: test.bad.slice(0, SHOWN_BAD),
        train_count: input.train?.bad.length ?? 0,
        test_count: test.bad.length,
      },
    },
    router: {
      encoder: state.encoder?.id ?? null,
      labels: state.labels.length,
      voices: state.voices.map(({ name }, v) => ({
        name,
        weight_words: state.words.weights[state.words.voices.indexOf(v)] ?? 0,
        weight_full: state.full?.weights[state.full.voices.indexOf(v)] ?? 0,
      })),
      origin: (state.full ?? state.words).origin,
      held_out: state.metrics,
      notes: state.notes,
    },
    seed,
    memory_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** The surest wrong answers, and tasks nobody fits that were given to somebody. */
function worstMistakes(test: LabelledFile, results: readonly RouteResult[]): Mistake[] {
  const wrong = indices(results, ({ master, abstain }, i) => {
    const { label } = test.rows[i]!;
    return label === null ? !abstain : master !== label;
  });
  const odds = (i: number) => results[i]!.confidence * results[i]!.scope;
  return wrong
    .sort((a, b) => odds(b) - odds(a))
    .slice(0, SHOWN_MISTAKES)
    .map((row) => {
      const { text, label, line } = test.rows[row]!;
      const { master, confidence } = results[row]!;
      return { row, line, text: text.slice(0, 300), label, answer: master, confidence, explanation: [] };
    });
}

function answered(results: readonly RouteResult[]): string[] {
  return results.map(({ master }) => master ?? '');
}

function rightOf(results: readonly RouteResult[], truth: readonly string[]): number[] {
  return results.map(({ master }, i) => Number(master === truth[i]));
}

function indices<T>(values: readonly T[], wanted: (value: T, index: number) => boolean): number[] {
  return values.flatMap((value, i) => (wanted(value, i) ? [i] : []));
}

function pickBy<T>(values: readonly T[], drawn: Int32Array): T[] {
  return Array.from(drawn, (i) => values[i]!);
}
