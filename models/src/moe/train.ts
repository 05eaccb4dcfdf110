// Learning: rows in, a network as plain arrays out, repeatable by seed.
// The one thing to know: three stages. (1) Route and success on 90 % of the rows, stopped by the held-out 10 %;
// (2) temperature and confidence head on the held-out rows, which the router has not seen (on its own rows it would be
// overconfident); (3) route and success once more on all rows, for as many passes as stage 1 found best.
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { type BackendChoice, chooseBackend, type Tf } from '../backend/index.js';
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { fitConfidence, heldOutLoss } from './confidence.js';
import { type Gradients, type MoeVariables, route, routeLoss, success, successLoss, WIDTH } from './network.js';
import { freshParameters, toMatrix, toTensors } from './parameters.js';
import { batchOf, describedTensor, holdOut, type PackedRows, packRows } from './rows.js';
import type { Matrix, MoeMaster, MoeModel, MoeRow } from './types.js';

export interface MoeTrainOptions {
  /** Seed of every random choice. Default: 1. */
  seed?: number;
  /** Most passes over the rows. Default: 30. */
  epochs?: number;
  /** Passes without a lower held-out loss before stage 1 stops. Default: 3. */
  patience?: number;
  /** Rows a step. Default: 128. */
  batch?: number;
  /** Adam's step size at the start; falls linearly to a tenth. Default: 0.002. */
  learningRate?: number;
  /** Chance that a master's learned row is left out of a step, so that descriptions alone must do. Default: 0.3. */
  learnedDropout?: number;
  /** Chance that a hidden unit of the task is left out. Default: 0.2. */
  hiddenDropout?: number;
  /** Pull of the description matrix back to its start, which keeps unseen masters reachable. Default: 1e-3. */
  descriptionDecay?: number;
  /** Weight of a "no master fits" row against a labelled one. Default: 0.3. */
  nullWeight?: number;
  /** Weight of the success loss against the route loss. Default: 0.5. */
  successWeight?: number;
  /** Share of the rows held out for stopping and calibration. Default: 0.1. */
  heldOutShare?: number;
  /** Stage 3. Without it the network keeps what 90 % of the rows taught, at half the cost. Default: true. */
  projectDecay?: number;
  attentionDecay?: number;
  learnedDecay?: number;
  smoothing?: number;
  inputNoise?: number;
  dropSteps?: number;
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

export type MoeSettings = Required<Omit<MoeTrainOptions, 'onEpoch' | 'signal'>> &
  Pick<MoeTrainOptions, 'onEpoch' | 'signal'>;

const DEFAULTS: MoeSettings = {
  seed: 1,
  epochs: 30,
  patience: 3,
  batch: 128,
  learningRate: 0.002,
  learnedDropout: 0.3,
  hiddenDropout: 0.2,
  descriptionDecay: 1e-3,
  nullWeight: 0.3,
  projectDecay: 0,
  attentionDecay: 0,
  learnedDecay: 0,
  smoothing: 0,
  inputNoise: 0,
  dropSteps: 1,
  successWeight: 0.5,
  heldOutShare: 0.1,
  refit: true,
};

/** Below this many held-out rows nothing can be stopped or calibrated by them. */
const FEWEST_HELD_OUT = 20;

/**
 * Trains on `rows` among `masters` (each with its description; those without rows are learned by description only).
 * Blocks the thread for the length of a step; see `trainMoeInChild` for a way that does not.
 * @throws MoeDataError for a row that cannot be learned from.
 */
export async function trainMoe(
  rows: readonly MoeRow[],
  masters: readonly MoeMaster[],
  options: MoeTrainOptions = {},
  backend?: BackendChoice,
): Promise<MoeModel> {
  const settings: MoeSettings = { ...DEFAULTS, ...options };
  const chosen = backend ?? (await chooseBackend());
  const { tf } = chosen;
  const started = performance.now();
  const packed = packRows(rows, masters);
  const random = seededRandom(settings.seed);
  const split = holdOut(packed, settings.heldOutShare, random);
  const stops = split.held.length >= FEWEST_HELD_OUT;
  const everything = Int32Array.from({ length: packed.count }, (_, i) => i);
  const birth = freshParameters(packed.dimensions, random);

  const search = new Run(tf, packed, settings, birth, random);
  const epochs = await search.learn('search', stops ? split.train : everything, stops ? split.held : undefined);
  const calibrated = stops ? fitConfidence(tf, search.variables, packed, split.held) : undefined;
  let result = { weights: search.weights(), learned: search.learned(), steps: search.steps };
  search.dispose();
  if (stops && settings.refit) {
    const refit = new Run(tf, packed, settings, birth, random);
    await refit.learn('refit', everything, undefined, epochs);
    result = { weights: refit.weights(), learned: refit.learned(), steps: search.steps + refit.steps };
    refit.dispose();
  }
  Object.assign(result.weights, calibrated?.parameters);
  return {
    dimensions: packed.dimensions,
    masters: masters.map(({ name, description }) => ({ name, description })),
    weights: result.weights,
    learned: result.learned,
    knowsSuccess: packed.anyOutcome,
    report: {
      rows: packed.count,
      heldOutRows: stops ? split.held.length : 0,
      epochs,
      steps: result.steps,
      seconds: (performance.now() - started) / 1000,
      seed: settings.seed,
      backend: chosen.name,
      heldOut: calibrated?.scores ?? null,
    },
  };
}

/** One training of the network from its birth: variables, optimiser, passes. */
class Run {
  readonly variables: MoeVariables;
  readonly #trained: Variable[];
  readonly #described: Tensor2D;
  readonly #birthDescribe: Tensor;
  readonly #optimizer;
  steps = 0;

  constructor(
    private readonly tf: Tf,
    private readonly packed: PackedRows,
    private readonly settings: MoeSettings,
    birth: Record<string, Matrix>,
    private readonly random: () => number,
  ) {
    const learned = {
      shape: [packed.masters.length, WIDTH.task + 1],
      values: new Float32Array(packed.masters.length * (WIDTH.task + 1)),
    };
    const tensors = toTensors(tf, { ...birth, learned });
    this.variables = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.variable(tensor)]));
    this.#birthDescribe = tensors['describe.w']!;
    for (const [name, tensor] of Object.entries(tensors)) if (name !== 'describe.w') tensor.dispose();
    this.#trained = Object.entries(this.variables).flatMap(([name, v]) => (this.#learns(name) ? [v as Variable] : []));
    this.#described = describedTensor(tf, packed.masters, packed.dimensions);
    this.#optimizer = tf.train.adam(settings.learningRate);
  }

  #learns(name: string): boolean {
    if (name.startsWith('confidence.') || name === 'temperature') return false;
    if (name === 'success.contextTask' || name === 'success.context')
      return this.packed.anyOutcome && this.packed.anyHistory;
    if (name.startsWith('context.')) return this.packed.anyHistory;
    return name.startsWith('success.') ? this.packed.anyOutcome : true;
  }

  /** Answers the number of passes that did best on `held` (all of them without it), with the variables as they were then. */
  async learn(stage: MoeProgress['stage'], train: Int32Array, held?: Int32Array, passes?: number): Promise<number> {
    const { epochs, patience, batch, learningRate, onEpoch, signal } = this.settings;
    const total = epochs * Math.ceil(train.length / batch);
    let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, kept: [] as Tensor[] };
    for (let epoch = 1; epoch <= (passes ?? epochs); epoch++) {
      signal?.throwIfAborted();
      const order = shuffledIndices(train.length, this.random).map((i) => train[i]!);
      let sum = 0;
      for (let from = 0; from < order.length; from += batch) {
        (this.#optimizer as unknown as { learningRate: number }).learningRate =
          learningRate * (1 - (0.9 * this.steps) / total);
        const to = Math.min(from + batch, order.length);
        sum += this.#step(order, from, to) * (to - from);
        this.steps++;
      }
      const loss = held ? heldOutLoss(this.tf, this.variables, this.packed, held, this.settings.successWeight) : null;
      onEpoch?.({ stage, epoch, epochs: passes ?? epochs, loss: sum / order.length, heldOutLoss: loss });
      if (loss !== null && loss < best.loss - 1e-4) {
        for (const tensor of best.kept) tensor.dispose();
        best = { loss, epoch, kept: this.#trained.map((v) => v.clone()) };
      } else if (loss !== null && epoch - best.epoch >= patience) break;
      await new Promise(setImmediate);
    }
    if (!held) return passes ?? epochs;
    this.#trained.forEach((variable, i) => {
      variable.assign(best.kept[i] as Tensor);
      best.kept[i]?.dispose();
    });
    return best.epoch;
  }

  #step(order: Int32Array, from: number, to: number): number {
    const { tf, packed, settings, variables: w } = this;
    return tf.tidy(() => {
      const batch = batchOf(tf, packed, order, from, to, settings.nullWeight);
      const learnedMask = this.#mask(
        packed.masters.length,
        1,
        this.random() < settings.dropSteps ? settings.learnedDropout : 0,
        1,
      );
      const hiddenMask = this.#mask(to - from, WIDTH.task, settings.hiddenDropout, 1 / (1 - settings.hiddenDropout));
      const { value, grads } = tf.variableGrads(() => {
        const learned = (w.learned as Tensor2D).mul(learnedMask) as Tensor2D;
        const input = {
          task:
            settings.inputNoise > 0
              ? (batch.task.mul(
                  this.#mask(to - from, packed.dimensions, settings.inputNoise, 1 / (1 - settings.inputNoise)),
                ) as Tensor2D)
              : batch.task,
          described: this.#described,
          learned,
          history: batch.history,
        };
        const trunk = route(tf, w, input, hiddenMask);
        let loss = routeLoss(
          tf,
          trunk.logits,
          batch.targets.mul(1 - settings.smoothing).add(settings.smoothing / packed.masters.length) as Tensor2D,
          batch.weights,
        );
        if (packed.anyOutcome) {
          const tried = successLoss(tf, success(tf, w, trunk), batch.succeeded, batch.tried);
          loss = loss.add(tried.mul(settings.successWeight));
        }
        const drift = tf.sum(tf.square(tf.sub(w['describe.w']!, this.#birthDescribe)));
        const drift2 = tf.sum(tf.square(tf.sub(w['project.w']!, this.#birthDescribe)));
        const att = tf.sum(tf.square(w['query.w']!)).add(tf.sum(tf.square(w['key.w']!)));
        return loss
          .add(drift.mul(settings.descriptionDecay))
          .add(drift2.mul(settings.projectDecay))
          .add(att.mul(settings.attentionDecay))
          .add(tf.sum(tf.square(w.learned!)).mul(settings.learnedDecay)) as Scalar;
      }, this.#trained);
      this.#optimizer.applyGradients(grads as unknown as Gradients);
      return value.dataSync()[0]!;
    });
  }

  /** Zeros with chance `dropped`, else `kept`. Drawn here and not by the backend, so that a seed means the same on all. */
  #mask(rows: number, columns: number, dropped: number, kept: number): Tensor2D {
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = this.random() < dropped ? 0 : kept;
    return this.tf.tensor2d(values, [rows, columns]);
  }

  weights(): Record<string, Matrix> {
    const named = Object.entries(this.variables).filter(([name]) => name !== 'learned');
    return Object.fromEntries(named.map(([name, variable]) => [name, toMatrix(variable)]));
  }

  learned(): Matrix {
    return toMatrix(this.variables.learned!);
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#described.dispose();
    this.#birthDescribe.dispose();
    for (const variable of Object.values(this.variables)) variable.dispose();
  }
}
