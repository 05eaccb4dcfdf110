// Rows in, predictor out: the one training path, for the trainer, the command line and the tests alike.
// The one thing to know: a family is trained when at least MIN_ROWS rows have its target; the others are left out, not guessed.
import type { Encoder } from '../encoder/index.js';
import { quantile } from '../metrics/index.js';
import { PredictionDataError } from './errors.js';
import { Predictor, type PredictorState } from './predictor.js';
import { trainQuantity } from './quantity.js';
import { TaskReader } from './reader.js';
import { type OutcomeRow, QUANTITIES, type Quantity } from './rows.js';
import { trainSuccess } from './success.js';
import { makeTrainingSet } from './training-set.js';

export interface TrainPredictorOptions {
  /** Turns texts into vectors. Without one, hashed words stand in for meaning. */
  encoder?: Encoder | undefined;
  /** Default 1. The same rows and seed give the same predictor. */
  seed?: number;
  /** Told what is being done and which share of all is behind. */
  onProgress?: ((progress: { stage: string; share: number }) => void) | undefined;
}

export interface FittedPredictor {
  predictor: Predictor;
  /** What the models that did not see a row say of it; NaN where the row lacks the target. One entry a row used. */
  held: Partial<Record<'success' | Quantity, Float64Array>>;
  /** The rows used: all, or the latest MOST_ROWS. */
  rows: readonly OutcomeRow[];
}

const MIN_ROWS = 20;
const MOST_ROWS = 40_000;
const ENCODE_AT_ONCE = 64;
/** Share of the work that is encoding, for the progress. */
const ENCODING = 0.6;

/** @throws PredictionDataError when no target has MIN_ROWS rows. */
export async function trainPredictor(
  rows: readonly OutcomeRow[],
  options: TrainPredictorOptions = {},
): Promise<Predictor> {
  return (await fitPredictor(rows, options)).predictor;
}

/** The same, with the held-out predictions of the training rows. */
export async function fitPredictor(
  all: readonly OutcomeRow[],
  options: TrainPredictorOptions = {},
): Promise<FittedPredictor> {
  const { encoder, seed = 1, onProgress } = options;
  const rows = latest(all);
  const families = (['success', ...QUANTITIES] as const).filter(
    (family) => rows.filter((row) => row[family] !== undefined).length >= MIN_ROWS,
  );
  if (!families.length) {
    throw new PredictionDataError(
      `Of ${all.length} rows fewer than ${MIN_ROWS} have any of success, minutes, tokens, complexity: give more outcomes.`,
    );
  }
  const embeddings = encoder
    ? await embed(rows, encoder, (share) => onProgress?.({ stage: 'encode', share: share * ENCODING }))
    : null;
  const done = (step: number) =>
    (encoder ? ENCODING : 0) + (step / (families.length + 1)) * (encoder ? 1 - ENCODING : 1);
  onProgress?.({ stage: 'read', share: done(0) });
  const reader = TaskReader.fit(rows, embeddings, encoder?.id ?? null, seed);
  const set = makeTrainingSet(rows, reader, embeddings, seed);
  const tops = Float64Array.from(set.neighbours, (list) => list.cosines[0] ?? 0).sort();
  const state: PredictorState = {
    reader: reader.state,
    store: set.store,
    near: tops.length ? quantile(tops, 0.05) : 1,
  };
  const held: FittedPredictor['held'] = {};
  for (const [step, family] of families.entries()) {
    onProgress?.({ stage: family, share: done(step + 1) });
    await breathe();
    if (family === 'success') {
      const trained = trainSuccess(reader, set, seed);
      state.success = trained.model;
      held.success = trained.held;
    } else {
      const trained = trainQuantity(reader, set, family, seed);
      state[family] = trained.model;
      held[family] = trained.held;
    }
  }
  onProgress?.({ stage: 'done', share: 1 });
  return { predictor: new Predictor(state, reader, encoder), held, rows };
}

function latest(rows: readonly OutcomeRow[]): readonly OutcomeRow[] {
  if (rows.length <= MOST_ROWS) return rows;
  const order = rows.map((row, r) => ({ row, when: row.at ?? r }));
  return order
    .sort((a, b) => a.when - b.when)
    .slice(-MOST_ROWS)
    .map(({ row }) => row);
}

async function embed(rows: readonly OutcomeRow[], encoder: Encoder, onShare: (share: number) => void) {
  const texts = [...new Set(rows.map((row) => row.text))];
  const vectors = new Map<string, Float32Array>();
  for (let from = 0; from < texts.length; from += ENCODE_AT_ONCE) {
    const part = texts.slice(from, from + ENCODE_AT_ONCE);
    const encoded = await encoder.encode(part);
    part.forEach((text, i) => {
      vectors.set(text, encoded[i]!);
    });
    onShare(Math.min(1, (from + part.length) / texts.length));
  }
  return rows.map((row) => vectors.get(row.text)!);
}

/** Lets timers and sockets have their turn between two long computations. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
