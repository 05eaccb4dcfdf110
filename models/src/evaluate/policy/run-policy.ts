// `cortex evaluate policy`: learns which master to ask on one file, where every result is known, and counts what that brings on another.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Encoder } from '../../encoder/index.js';
import { pickAtPrice, policyChances, trainPolicy } from '../../policy/index.js';
import { loadPredictor, PredictionDataError } from '../../prediction/index.js';
import { type BadRow, EvaluateInputError } from '../outcomes/index.js';
import { readPolicy } from './read-policy.js';
import {
  type Area,
  areaOf,
  type CurvePoint,
  curveOf,
  figureOf,
  oracleFigure,
  type PolicyFigure,
  randomFigure,
} from './scores.js';

export interface RunEvaluatePolicyOptions {
  /** JSON lines, `.gz` or not. */
  train: string;
  test: string;
  /** Writes one JSON row a test row here. */
  predictions?: string | undefined;
  /** Folder of a saved predictor to score instead of training; costs and price still come from `train`. */
  model?: string | undefined;
  /** Default 1. */
  seed?: number;
  encoder?: Encoder | undefined;
  onProgress?: ((progress: { stage: string; share: number }) => void) | undefined;
}

export interface PolicyDocument extends PolicyFigure, Area {
  best_single: PolicyFigure & { master: string };
  random: PolicyFigure;
  oracle: PolicyFigure;
  curve: CurvePoint[];
  /** What each master alone brings on the test rows. */
  masters: Record<string, PolicyFigure>;
  cheapest: string;
  best: string;
  /** Share of the test tasks that each master gets. */
  shares: Record<string, number>;
  /** Success that a unit of cost has to bring, chosen on held-out training rows. */
  price: number;
  serves: string;
  rows: { train: number; test: number };
  bad_rows: { train: { count: number; shown: BadRow[] }; test: { count: number; shown: BadRow[] } };
  train_seconds: number;
  seed: number;
  encoder: string | null;
}

/** @throws EvaluateInputError for a file that cannot be used. */
export async function runEvaluatePolicy(options: RunEvaluatePolicyOptions): Promise<PolicyDocument> {
  const { seed = 1, encoder, onProgress } = options;
  if (!options.train)
    throw new EvaluateInputError('--train', 'is missing: costs and masters come from it, with a model too');
  const train = await readPolicy(options.train);
  const test = await readPolicy(options.test, train.masters);
  const started = performance.now();
  const predictor = options.model ? await loadPredictor(options.model, { encoder }) : undefined;
  const policy = await trainPolicy(train.rows, train.masters, { encoder, seed, onProgress, predictor }).catch(
    (error: unknown) => {
      if (error instanceof PredictionDataError)
        throw new EvaluateInputError(options.train, error.message, undefined, 'scores');
      throw error;
    },
  );
  const trainSeconds = (performance.now() - started) / 1000;
  onProgress?.({ stage: 'predict', share: 0 });
  const asked = test.rows.map(({ text, at, features }) => ({
    text,
    ...(at !== undefined && { at }),
    ...(features && { features }),
  }));
  const chances = await policyChances(policy, asked);
  const picks = chances.map((row) => policy.masters[pickAtPrice(policy, row)]!);
  onProgress?.({ stage: 'predict', share: 1 });
  if (options.predictions) await writeChoices(options.predictions, test.lines, policy.masters, chances, picks);
  const alone = Object.fromEntries(policy.masters.map((m) => [m, figureOf(test.rows, () => m)]));
  const best = policy.masters[policy.best]!;
  return {
    ...figureOf(test.rows, (i) => picks[i]!),
    best_single: { master: best, ...alone[best]! },
    random: randomFigure(test.rows, policy.masters),
    oracle: oracleFigure(test.rows, policy.masters),
    curve: curveOf(policy, test.rows, chances),
    ...areaOf(policy, test.rows, chances, seed),
    masters: alone,
    cheapest: policy.masters[policy.cheapest]!,
    best,
    shares: Object.fromEntries(policy.masters.map((m) => [m, picks.filter((p) => p === m).length / picks.length])),
    price: policy.price,
    serves: policy.predictor.state.success?.serves ?? 'none',
    rows: { train: train.rows.length, test: test.rows.length },
    bad_rows: { train: train.bad, test: test.bad },
    train_seconds: trainSeconds,
    seed,
    encoder: policy.predictor.encoderId,
  };
}

async function writeChoices(
  file: string,
  lines: readonly number[],
  masters: readonly string[],
  chances: readonly (readonly number[])[],
  picks: readonly string[],
): Promise<void> {
  const out = createWriteStream(file);
  await once(out, 'open').catch((error: Error) => {
    throw new EvaluateInputError(file, `cannot be written: ${error.message}`);
  });
  chances.forEach((row, i) => {
    const success = Object.fromEntries(masters.map((m, k) => [m, row[k]]));
    out.write(`${JSON.stringify({ line: lines[i], master: picks[i], success })}\n`);
  });
  out.end();
  await once(out, 'finish');
}
