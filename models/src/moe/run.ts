// One training of the network from its birth: variables, optimiser, passes over the rows, dropout.
// The one thing to know: every random draw is made here from the seeded stream, never by the backend, so that a seed
// means the same everywhere.
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { type Matrix, type Tf, toMatrix, toTensors } from '../backend/index.js';
import { shuffledIndices } from '../metrics/index.js';
import { CALIBRATION, heldOutLoss } from './confidence.js';
import { type Gradients, type MoeVariables, route, routeLoss, success, successLoss, WIDTH } from './network.js';
import { batchOf, describedTensor, type PackedRows } from './rows.js';
import { batchSize, type MoeProgress, type MoeSettings } from './settings.js';

/** The loss became NaN or infinite: the step size is too large for these rows. */
export class TrainingDivergedError extends Error {
  readonly code = 'training-diverged';
  constructor(
    readonly epoch: number,
    readonly learningRate: number,
  ) {
    super(`The loss is no finite number after pass ${epoch}: try a learning rate below ${learningRate}`);
    this.name = 'TrainingDivergedError';
  }
}

export interface Trained {
  weights: Record<string, Matrix>;
  learned: Matrix;
  steps: number;
}

/** One training of the network from its birth: variables, optimiser, passes. */
export class Run {
  readonly variables: MoeVariables;
  readonly #trained: Variable[];
  readonly #described: Tensor2D;
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
    for (const tensor of Object.values(tensors)) tensor.dispose();
    this.#trained = Object.entries(this.variables).flatMap(([name, v]) => (this.#learns(name) ? [v as Variable] : []));
    this.#described = describedTensor(tf, packed.masters, packed.dimensions);
    this.#optimizer = tf.train.adam(settings.learningRate);
  }

  #learns(name: string): boolean {
    // The description matrix stays as it was born: a few masters' descriptions would bend it away from all others.
    if (name === 'describe.w' || CALIBRATION.includes(name)) return false;
    if (name === 'success.contextTask' || name === 'success.context')
      return this.packed.anyOutcome && this.packed.anyHistory;
    if (name.startsWith('context.')) return this.packed.anyHistory;
    return name.startsWith('success.') ? this.packed.anyOutcome : true;
  }

  /** Answers the number of passes that did best on `held` (all of them without it), with the variables as they were then. */
  async learn(stage: MoeProgress['stage'], train: Int32Array, held?: Int32Array, passes?: number): Promise<number> {
    const { epochs, patience, learningRate, onEpoch, signal } = this.settings;
    const batch = batchSize(train.length, this.settings);
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
      if (!Number.isFinite(sum)) throw new TrainingDivergedError(epoch, learningRate);
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
      const kept = this.#mask(packed.masters.length, 1, settings.learnedDropout, 1);
      const hiddenMask = this.#dropout(to - from, WIDTH.task, settings.hiddenDropout);
      const task = batch.task.mul(this.#dropout(to - from, packed.dimensions, settings.inputDropout)) as Tensor2D;
      const history = packed.anyHistory ? batch.history : null;
      const targets = this.#smoothed(batch.targets);
      const { value, grads } = tf.variableGrads(() => {
        // Who is left out stands there as a newcomer would: with the row that all newcomers share.
        const learned = tf.mul(w.learned!, kept).add(tf.mul(w.newcomer!, tf.sub(1, kept))) as Tensor2D;
        const trunk = route(tf, w, { task, described: this.#described, learned, history }, hiddenMask);
        let loss = routeLoss(tf, trunk.logits, targets, batch.weights);
        if (packed.anyOutcome) {
          const tried = successLoss(tf, success(tf, w, trunk), batch.succeeded, batch.tried);
          loss = loss.add(tried.mul(settings.successWeight));
        }
        return loss;
      }, this.#trained);
      this.#optimizer.applyGradients(grads as unknown as Gradients);
      return value.dataSync()[0]!;
    });
  }

  #smoothed(targets: Tensor2D): Tensor2D {
    const share = this.settings.labelSmoothing;
    return targets.mul(1 - share).add(share / this.packed.masters.length) as Tensor2D;
  }

  /** Zeros with chance `dropped`, the rest scaled up so that the mean stays. */
  #dropout(rows: number, columns: number, dropped: number): Tensor2D {
    return this.#mask(rows, columns, dropped, 1 / (1 - dropped));
  }

  /** Zeros with chance `dropped`, else `kept`. Drawn here and not by the backend, so that a seed means the same on all. */
  #mask(rows: number, columns: number, dropped: number, kept: number): Tensor2D {
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = this.random() < dropped ? 0 : kept;
    return this.tf.tensor2d(values, [rows, columns]);
  }

  /** The parameters as plain arrays. */
  trained(): Trained {
    const { learned, ...weights } = Object.fromEntries(
      Object.entries(this.variables).map(([name, variable]) => [name, toMatrix(variable)]),
    );
    return { weights, learned: learned!, steps: this.steps };
  }

  /** Gives the run's memory back. */
  dispose(): void {
    this.#optimizer.dispose();
    this.#described.dispose();
    for (const variable of Object.values(this.variables)) variable.dispose();
  }
}
