// Out-of-fold answers: what the network says of each row when it has not seen that row. An ensemble stacked on answers
// about rows a member was trained on would trust that member too much (Wolpert 1992).
// The one thing to know: with `like`, each fold trains as long as the served network did and speaks at its temperature,
// without a search of its own: a fold then costs about the share of rows it sees of one refit.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { runInChild } from './child.js';
import type { MoeJob } from './job.js';
import { takenOver } from './maker.js';
import type { MoePredictions } from './predict.js';
import type { MoeProgress, MoeTrainOptions } from './settings.js';
import type { MoeMaster, MoeModel, MoeRow } from './types.js';

export interface CrossFitOptions extends Omit<MoeTrainOptions, 'onEpoch'> {
  /** Default: 5. */
  folds?: number;
  /** The network that will serve: its number of passes, temperature and confidence head are taken. Default: each fold searches its own. */
  like?: MoeModel;
  /** Folds trained at a time, each in a process. Default: 1. */
  parallel?: number;
  onEpoch?: (progress: MoeProgress & { fold: number; folds: number }) => void;
}

/** Rows in the order given. */
export interface CrossFit extends MoePredictions {
  /** Per row: the fold that held it out. */
  folds: Int32Array;
  seconds: number;
}

/** Row numbers to folds, label by label, so that every fold sees every label that has two rows or more. */
export function assignFolds(rows: readonly MoeRow[], folds: number, seed: number): Int32Array {
  const random = seededRandom(seed);
  const assigned = new Int32Array(rows.length);
  const next = new Map<string | null | undefined, number>();
  for (const row of shuffledIndices(rows.length, random)) {
    const label = rows[row]!.label;
    const fold = next.get(label) ?? Math.floor(random() * folds);
    assigned[row] = fold;
    next.set(label, (fold + 1) % folds);
  }
  return assigned;
}

/** @throws as `runInChild`. */
export async function crossFitMoe(
  rows: readonly MoeRow[],
  masters: readonly MoeMaster[],
  options: CrossFitOptions = {},
): Promise<CrossFit> {
  const { folds = 5, like, parallel = 1, onEpoch, signal, ...training } = options;
  const started = performance.now();
  const assigned = assignFolds(rows, folds, training.seed ?? 1);
  const size = rows.length * masters.length;
  const result: MoePredictions = {
    logits: new Float32Array(size),
    success: new Float32Array(size),
    confidence: new Float32Array(rows.length),
  };
  const waiting = Array.from({ length: folds }, (_, fold) => fold);
  const failed = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;

  const work = async (): Promise<void> => {
    for (let fold = waiting.shift(); fold !== undefined; fold = waiting.shift()) {
      const held = [...assigned.keys()].filter((row) => assigned[row] === fold);
      const job: MoeJob = {
        rows: rows.filter((_, row) => assigned[row] !== fold),
        masters: [...masters],
        options: { ...training, ...(like ? takenOver(like) : {}) },
        predict: held.map((row) => rows[row]!),
      };
      const current = fold;
      const { predicted } = await runInChild(job, {
        signal: stop,
        ...(onEpoch ? { onEpoch: (progress: MoeProgress) => onEpoch({ ...progress, fold: current, folds }) } : {}),
      });
      held.forEach((row, i) => {
        for (const part of ['logits', 'success', 'confidence'] as const) {
          const width = part === 'confidence' ? 1 : masters.length;
          result[part].set(predicted![part].subarray(i * width, (i + 1) * width), row * width);
        }
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, folds) }, work));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
  return { ...result, folds: assigned, seconds: (performance.now() - started) / 1000 };
}
