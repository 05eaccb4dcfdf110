// `cortex evaluate outcomes`: trains on one file with the trainer's own code, predicts the other, and only then looks at its outcomes.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Encoder } from '../../encoder/index.js';
import { quantile } from '../../metrics/index.js';
import {
  loadPredictor,
  type OutcomeRow,
  type Prediction,
  PredictionDataError,
  type PredictionQuery,
  type Predictor,
  QUANTITIES,
  type Quantity,
  trainPredictor,
} from '../../prediction/index.js';
import { type BadRow, EvaluateInputError } from './json-lines.js';
import { readOutcomes } from './read-outcomes.js';
import { type QuantityScores, quantityScores, type SuccessScores, successScores } from './scores.js';

export interface RunEvaluateOutcomesOptions {
  /** JSON lines, `.gz` or not. May be left out with `model`; given beside it, the baselines come from these rows. */
  train?: string | undefined;
  test: string;
  /** Writes one JSON row a test row here. */
  predictions?: string | undefined;
  /** Folder of a saved predictor to score instead of training. */
  model?: string | undefined;
  /** Default 1. */
  seed?: number;
  encoder?: Encoder | undefined;
  onProgress?: ((progress: { stage: string; share: number }) => void) | undefined;
}

type SuccessKeys = Omit<SuccessScores, 'rows'>;

export interface OutcomesDocument extends Partial<SuccessKeys>, Partial<Record<Quantity, QuantityScores>> {
  success?: SuccessScores;
  rows: { train: number; test: number };
  bad_rows: { train: { count: number; shown: BadRow[] }; test: { count: number; shown: BadRow[] } };
  /** Share of scored rows that "no idea" was said of. */
  no_idea_share?: number;
  train_seconds: number;
  /** Of one task beyond the encoder. */
  latency_ms: { p50: number; p99: number };
  /** Which candidate serves, and what each was worth in validation. */
  models: Record<string, unknown>;
  worst: WorstMistake[];
  seed: number;
  encoder: string | null;
}

export interface WorstMistake {
  line: number;
  text: string;
  master: string;
  said: number;
  happened: number;
  explanation: string;
}

/** @throws EvaluateInputError for a file that cannot be used; PredictorFileError for a model that must not be served. */
export async function runEvaluateOutcomes(options: RunEvaluateOutcomesOptions): Promise<OutcomesDocument> {
  const { seed = 1, encoder, onProgress } = options;
  if (!options.train && !options.model) throw new EvaluateInputError('--train', 'is missing: give a file, or a model');
  const train = options.train ? await readOutcomes(options.train) : { rows: [], bad: { count: 0, shown: [] } };
  const test = await readOutcomes(options.test);
  const started = performance.now();
  const predictor = options.model
    ? await loadPredictor(options.model, { encoder })
    : await trainPredictor(train.rows, { encoder, seed, onProgress }).catch((error: unknown) => {
        if (error instanceof PredictionDataError)
          throw new EvaluateInputError(options.train ?? '--train', error.message, undefined, 'success');
        throw error;
      });
  const trainSeconds = (performance.now() - started) / 1000;
  const queries = test.rows.map(queryOf);
  const { predictions, latency } = await predictAll(predictor, queries, encoder, (share) =>
    onProgress?.({ stage: 'predict', share }),
  );
  if (options.predictions) await writePredictions(options.predictions, test.lines, queries, predictions);
  const document: OutcomesDocument = {
    ...scoreAll(predictor, train.rows, test.rows, predictions, seed),
    rows: { train: train.rows.length, test: test.rows.length },
    bad_rows: { train: train.bad, test: test.bad },
    train_seconds: trainSeconds,
    latency_ms: latency,
    models: describe(predictor),
    worst: worstMistakes(test.rows, test.lines, predictions),
    seed,
    encoder: predictor.encoderId,
  };
  return document;
}

/** A row without its outcome: the only thing that prediction gets to see of a test row. */
function queryOf({ text, master, at, features }: OutcomeRow): PredictionQuery {
  return { text, master, ...(at !== undefined && { at }), ...(features && { features }) };
}

const AT_ONCE = 128;

async function predictAll(
  predictor: Predictor,
  queries: readonly PredictionQuery[],
  encoder: Encoder | undefined,
  onShare: (share: number) => void,
) {
  const predictions: Prediction[] = [];
  const times: number[] = [];
  for (let from = 0; from < queries.length; from += AT_ONCE) {
    const part = queries.slice(from, from + AT_ONCE);
    const texts = [...new Set(part.map((q) => q.text))];
    const vectors = predictor.encoderId && encoder ? await encoder.encode(texts) : [];
    for (const [t, text] of texts.entries()) {
      const asked = part.flatMap((q, i) => (q.text === text ? [i] : []));
      const start = performance.now();
      const answers = predictor.predictEmbedded(
        asked.map((i) => part[i]!),
        asked.map(() => vectors[t]),
      );
      times.push(performance.now() - start);
      asked.forEach((i, k) => {
        predictions[from + i] = answers[k]!;
      });
    }
    onShare(Math.min(1, (from + part.length) / queries.length));
  }
  times.sort((a, b) => a - b);
  return { predictions, latency: { p50: quantile(times, 0.5), p99: quantile(times, 0.99) } };
}

function scoreAll(
  predictor: Predictor,
  train: readonly OutcomeRow[],
  test: readonly OutcomeRow[],
  predictions: readonly Prediction[],
  seed: number,
) {
  const scores: Partial<OutcomesDocument> = {};
  const scored = test.flatMap((row, i) => {
    const said = predictions[i]!.success;
    return row.success !== undefined && said ? [{ row, said, truth: row.success }] : [];
  });
  if (scored.length) {
    const rates = plainRates(train);
    const base = scored.map(({ row, said }) => rates.get(row.master) ?? rates.get('') ?? said.base_rate);
    const texts = scored.map(({ row }) => row.text);
    const found = successScores(
      scored.map((s) => s.said.p),
      base,
      scored.map((s) => s.truth),
      texts,
      seed,
    );
    const { rows: _, ...keys } = found;
    Object.assign(scores, keys, {
      success: found,
      no_idea_share: scored.filter((s) => s.said.no_idea).length / scored.length,
    });
  }
  for (const quantity of QUANTITIES) {
    const told = test.flatMap((row, i) => {
      const said = predictions[i]![quantity];
      return row[quantity] !== undefined && said ? [{ row, said, truth: row[quantity] }] : [];
    });
    if (!told.length) continue;
    const known = train.flatMap((row) => (row[quantity] === undefined ? [] : [row[quantity]])).sort((a, b) => a - b);
    const texts = told.map(({ row }) => row.text);
    scores[quantity] = quantityScores(
      told.map((t) => t.said),
      told.map((t) => t.truth),
      // Without the training rows the model's own median, which is theirs.
      known.length ? quantile(known, 0.5) : Math.expm1(predictor.state[quantity]?.medians.overall ?? 0),
      texts,
      seed,
    );
  }
  return scores;
}

/** The share of successes of each master in training; under '' of all. No shrinking: it is the baseline people would use. */
function plainRates(train: readonly OutcomeRow[]): Map<string, number> {
  const sums = new Map<string, [sum: number, rows: number]>();
  for (const { master, success } of train) {
    if (success === undefined) continue;
    for (const name of [master, '']) {
      const [sum, rows] = sums.get(name) ?? [0, 0];
      sums.set(name, [sum + success, rows + 1]);
    }
  }
  return new Map([...sums].map(([name, [sum, rows]]) => [name, sum / rows]));
}

function describe(predictor: Predictor): Record<string, unknown> {
  const { success } = predictor.state;
  const out: Record<string, unknown> = {};
  if (success) {
    const { serves, calibration, validation, ridge, rows } = success;
    out.success = { serves, calibration: calibration.kind, validation_log_loss: validation, ridge, rows };
  }
  for (const quantity of QUANTITIES) {
    const model = predictor.state[quantity];
    if (!model) continue;
    const { serves, trust, bound, validation, ridge, rows } = model;
    out[quantity] = { serves, trust, bound, validation_mae: validation, ridge, rows };
  }
  return out;
}

function worstMistakes(
  rows: readonly OutcomeRow[],
  lines: readonly number[],
  predictions: readonly Prediction[],
): WorstMistake[] {
  const mistakes = rows.flatMap((row, i): WorstMistake[] => {
    const said = predictions[i]!.success;
    if (row.success === undefined || !said) return [];
    const { similar_of_master, master_rows } = said.evidence;
    const explanation = said.no_idea
      ? 'no idea: unknown master and no past task near'
      : `${row.master} usually ${(said.base_rate * 100).toFixed(0)} % over ${master_rows} tasks, ${similar_of_master} of them near this one`;
    return [
      {
        line: lines[i]!,
        text: row.text.slice(0, 200),
        master: row.master,
        said: said.p,
        happened: row.success,
        explanation,
      },
    ];
  });
  return mistakes.sort((a, b) => Math.abs(b.said - b.happened) - Math.abs(a.said - a.happened)).slice(0, 10);
}

async function writePredictions(
  file: string,
  lines: readonly number[],
  queries: readonly PredictionQuery[],
  predictions: readonly Prediction[],
): Promise<void> {
  const out = createWriteStream(file);
  const opened = once(out, 'open').catch((error: Error) => {
    throw new EvaluateInputError(file, `cannot be written: ${error.message}`);
  });
  await opened;
  predictions.forEach((prediction, i) => {
    out.write(`${JSON.stringify({ line: lines[i], master: queries[i]!.master, ...prediction })}\n`);
  });
  out.end();
  await once(out, 'finish');
}
