// One trial of a hyper-parameter search: the network alone, on 90 % of the rows, its loss on the rest told after each pass.
import {
  type Encoder,
  type MoeMaster,
  type MoeRow,
  type SearchSpace,
  type TrainingRow,
  trainMoe,
} from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { describedBy, TrainingDataError } from './train-family.js';

/** What is searched, and where. The names are those of the network's settings. */
export const ROUTER_SPACE: SearchSpace = {
  learningRate: { low: 2e-4, high: 8e-3, scale: 'log' },
  hiddenDropout: { low: 0, high: 0.6 },
  inputDropout: { low: 0, high: 0.6 },
  learnedDropout: { low: 0, high: 0.5 },
  labelSmoothing: { low: 0, high: 0.15 },
};

/** Curve of the held-out loss. */
export const HELD_OUT = 'held_out_loss';

export interface TrialOptions {
  readonly encoder: Encoder | undefined;
  readonly seed: number;
  readonly training: Readonly<Record<string, number>>;
  readonly onProgress: (stage: string, share: number) => void;
  readonly onPoint: (tag: string, value: number, step: number) => void;
}

/** @throws TrainingDataError without an encoder, or with too few rows to hold any out. */
export async function runTrial(
  masters: readonly Master[],
  rows: readonly TrainingRow[],
  { encoder, seed, training, onProgress, onPoint }: TrialOptions,
): Promise<void> {
  if (!encoder) throw new TrainingDataError('the network needs the sentence encoder: there is none to tune with');
  const known = new Set(masters.map((m) => m.name));
  const usable = rows.filter(({ label, not }) => not === undefined && (label === null || known.has(label)));
  if (usable.length < 200)
    throw new TrainingDataError(`${usable.length} rows are too few to tune on: 200 are the least`);
  const vectors: Float32Array[] = [];
  for (let from = 0; from < usable.length; from += 256) {
    vectors.push(...(await encoder.encode(usable.slice(from, from + 256).map((row) => row.text))));
    onProgress('encoding', Math.min(1, (from + 256) / usable.length));
  }
  const names = [...new Set(usable.flatMap(({ label }) => (label === null ? [] : [label])))].sort();
  const described = await describedBy(masters, encoder)(names);
  const seen = names.map((name, i): MoeMaster => ({ name, description: described[i] as Float32Array }));
  const data = usable.map(
    ({ label, history }, i): MoeRow => ({ vector: vectors[i] as Float32Array, label, ...(history ? { history } : {}) }),
  );
  await trainMoe(data, seen, {
    ...training,
    seed,
    refit: false,
    onEpoch: ({ epoch, epochs, loss, heldOutLoss }) => {
      onProgress('learning', epoch / epochs);
      onPoint('loss', loss, epoch);
      if (heldOutLoss !== null) onPoint(HELD_OUT, heldOutLoss, epoch);
    },
  });
}
