// The knobs of a training run, their defaults and what they do.
// The one thing to know: the defaults were chosen on held-out training rows of three development sets, never on test rows.
import type { Matrix } from '../backend/index.js';

export interface MoeTrainOptions {
  /** Seed of every random choice. Default: 1. */
  seed?: number;
  /** Most passes over the rows. Default: 15. */
  epochs?: number;
  /** Passes without a lower held-out loss before stage 1 stops. Default: 5. */
  patience?: number;
  /** Rows a step. Default: 128, fewer where that would give less than `FEWEST_STEPS` steps. */
  batch?: number;
  /** Adam's step size at the start; falls linearly to a tenth. Default: 0.001. */
  learningRate?: number;
  /** Chance that a master's learned row is left out of a step, so that descriptions alone must do. Default: 0.2. */
  learnedDropout?: number;
  /** Chance that a hidden unit of the task is left out. Default: 0.2. */
  hiddenDropout?: number;
  /** Chance that a number of the task's vector is left out of a step. Default: 0.3. */
  inputDropout?: number;
  /** Share of each target spread over all masters; the temperature takes the resulting modesty back. Default: 0.05. */
  labelSmoothing?: number;
  /**
   * Added to the calibrated logit of a master never seen in training: next to masters with learned rows it would come off
   * too badly (Chao et al. 2016). Default: 2: with masters left out of training rows the log loss was lowest from 1 to 3.
   */
  newcomerBonus?: number;
  /** Weight of a "no master fits" row against a labelled one. Default: 0.3. */
  nullWeight?: number;
  /** Weight of the success loss against the route loss. Default: 0.5. */
  successWeight?: number;
  /** Share of the rows held out for stopping and calibration. Default: 0.1. */
  heldOutShare?: number;
  /** Learns from all rows for exactly this many passes: no stage 1 and 2. Default: none, searched. */
  fixedEpochs?: number;
  /** With `fixedEpochs`: temperature and confidence head of another run. Default: temperature 1, no correction. */
  calibration?: Readonly<Record<string, Matrix>>;
  /** Stage 3. Without it the network keeps what 90 % of the rows taught, at half the cost. Default: true. */
  refit?: boolean;
  /** Called after each pass. */
  onEpoch?: (progress: MoeProgress) => void;
  /** Gives up between two passes. */
  signal?: AbortSignal;
}

export interface MoeProgress {
  stage: 'search' | 'refit';
  epoch: number;
  epochs: number;
  /** Mean training loss of the pass. */
  loss: number;
  /** The same on the held-out rows; null while refitting. */
  heldOutLoss: number | null;
}

export type MoeSettings = Required<Omit<MoeTrainOptions, Optional>> & Pick<MoeTrainOptions, Optional>;
type Optional = 'onEpoch' | 'signal' | 'fixedEpochs' | 'calibration' | 'batch';

export const DEFAULTS: MoeSettings = {
  seed: 1,
  epochs: 15,
  patience: 5,
  learningRate: 0.001,
  learnedDropout: 0.2,
  hiddenDropout: 0.2,
  newcomerBonus: 2,
  nullWeight: 0.3,
  inputDropout: 0.3,
  labelSmoothing: 0.05,
  successWeight: 0.5,
  heldOutShare: 0.1,
  refit: true,
};

/** Steps that a training has at least, short of 8 rows a step. */
const FEWEST_STEPS = 200;

export function batchSize(rows: number, { batch, epochs }: MoeSettings): number {
  return batch ?? Math.min(128, Math.max(8, Math.floor((rows * epochs) / FEWEST_STEPS)));
}
