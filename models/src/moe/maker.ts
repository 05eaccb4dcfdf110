// The network as a member that the ensemble trains: made once a fold on the rows of the other folds, and once on all.
// The one thing to know: only the first making searches for the number of passes and the temperature; later ones take
// them over, so that cross-fitting costs little more than training as often without a search.
import type { Expert } from '../experts/expert.js';
import type { Histories } from '../track-record/index.js';
import { runInChild } from './child.js';
import { CALIBRATION } from './confidence.js';
import { NeuralExpert } from './expert.js';
import { serveMoe } from './model-folder.js';
import type { MoeTrainOptions } from './settings.js';
import type { MoeMaster, MoeModel, MoeRow } from './types.js';

/** What the ensemble hands over; `target` is a label's number, or −1 where no master fits. */
export interface NeuralRows {
  vectors?: readonly Float32Array[];
  histories?: readonly (Histories | undefined)[];
  outcomes?: readonly (MoeRow['outcome'] | undefined)[];
  target: Int32Array;
  labels: readonly string[];
  seed: number;
}

export interface NeuralMakerOptions {
  /** Unit vectors of the labels' descriptions, by the encoder that made the rows' vectors; called once. */
  describe(labels: readonly string[]): Promise<Float32Array[]>;
  /** Default: those of `trainMoe`. */
  training?: Omit<MoeTrainOptions, 'seed' | 'signal'>;
  /** Keeps the network only where held-out rows show that the ensemble is better for it. Default true. */
  onTrial?: boolean;
}

export interface NeuralMaker {
  readonly name: 'neural';
  readonly needsEmbedding: true;
  readonly onTrial: boolean;
  make(rows: NeuralRows, signal?: AbortSignal): Promise<Expert>;
  /** The network made last, for `saveMoe`. */
  latest(): MoeModel | undefined;
}

export function neuralMaker({ describe, training = {}, onTrial = true }: NeuralMakerOptions): NeuralMaker {
  let described: Promise<Map<string, Float32Array>> | undefined;
  let latest: MoeModel | undefined;
  const descriptionsOf = async (labels: readonly string[]) => {
    const vectors = await describe(labels);
    return new Map(labels.map((label, i) => [label, vectors[i]!]));
  };
  const make = async (
    { vectors, target, labels, seed, histories, outcomes }: NeuralRows,
    signal?: AbortSignal,
  ): Promise<Expert> => {
    described ??= descriptionsOf(labels);
    const descriptions = await described;
    const masters = labels.map((name): MoeMaster => ({ name, description: descriptions.get(name)! }));
    const known = new Set(labels);
    const rows = (vectors ?? []).map((vector, i): MoeRow => {
      const [history, outcome] = [histories?.[i], outcomes?.[i]];
      return {
        vector,
        label: labels[target[i]!] ?? null,
        ...(history ? { history } : {}),
        // Who did it may have been kept out of this training, or be gone.
        ...(outcome && known.has(outcome.master) ? { outcome } : {}),
      };
    });
    const { onEpoch, ...plain } = training;
    const job = { rows, masters, options: { ...plain, seed, ...(latest ? takenOver(latest) : {}) } };
    const { model } = await runInChild(job, { ...(onEpoch ? { onEpoch } : {}), ...(signal ? { signal } : {}) });
    latest = model;
    return NeuralExpert.create(await serveMoe(model));
  };
  return { name: 'neural', needsEmbedding: true, onTrial, make, latest: () => latest };
}

/** Passes, temperature and confidence head of another run. */
export function takenOver({ report, weights }: MoeModel): MoeTrainOptions {
  const calibration = Object.fromEntries(CALIBRATION.map((name) => [name, weights[name]!]));
  return { fixedEpochs: report.epochs, calibration };
}
