// The exported network at work: masters encoded once, then questions against any choice of them.
// The one thing to know: the runtime works synchronously on its thread, some tenths of a millisecond a question.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { encodedColumns } from './export.js';
import { HISTORY_WIDTH } from './history.js';
import { WIDTH } from './network.js';

/** Plain numbers per task, row-major over [tasks, masters]. */
export interface MoeAnswers {
  masters: number;
  logits: Float32Array;
  probabilities: Float32Array;
  success: Float32Array;
  /** One a task: the chance that its likeliest master is the right one. */
  confidence: Float32Array;
}

const ANSWERS = ['logits', 'probabilities', 'success', 'confidence'] as const;
export const MOE_INPUTS = ['task', 'described', 'learned', 'encoded', 'history'] as const;
export const MOE_OUTPUTS = [...ANSWERS, 'masters', 'known_described', 'known_learned', 'newcomer_learned'] as const;

export class MoeSession {
  readonly #width: number;
  readonly #nothing: { described: Tensor; learned: Tensor };

  constructor(
    private readonly session: InferenceSession,
    readonly dimensions: number,
  ) {
    this.#width = encodedColumns(dimensions).all;
    this.#nothing = { described: floats([], [0, dimensions]), learned: floats([], [0, WIDTH.task + 1]) };
  }

  /** Width of an encoded master. */
  get encodedWidth(): number {
    return this.#width;
  }

  /** Encodes `count` ≥ 1 masters: [count, D] descriptions and [count, 513] learned rows. */
  async encodeMasters(described: Float32Array, learned: Float32Array, count: number): Promise<Float32Array> {
    const output = await this.session.run(
      {
        task: floats(new Float32Array(this.dimensions), [1, this.dimensions]),
        described: floats(described, [count, this.dimensions]),
        learned: floats(learned, [count, WIDTH.task + 1]),
        encoded: floats([], [0, this.#width]),
        history: floats(new Float32Array(count * HISTORY_WIDTH), [1, count, HISTORY_WIDTH]),
      },
      ['masters'],
    );
    return output.masters!.data as Float32Array;
  }

  /** The masters the network was trained with: [count, D] descriptions, [count, 513] learned rows; [513] the row of newcomers. */
  async knownMasters(): Promise<{
    described: Float32Array;
    learned: Float32Array;
    newcomer: Float32Array;
    count: number;
  }> {
    const none = new Float32Array(this.dimensions);
    const output = await this.session.run(
      {
        task: floats(none, [1, this.dimensions]),
        described: floats(none, [1, this.dimensions]),
        learned: floats(new Float32Array(WIDTH.task + 1), [1, WIDTH.task + 1]),
        encoded: floats([], [0, this.#width]),
        history: floats(new Float32Array(HISTORY_WIDTH), [1, 1, HISTORY_WIDTH]),
      },
      ['known_described', 'known_learned', 'newcomer_learned'],
    );
    const [described, learned] = [output.known_described!, output.known_learned!];
    return {
      described: described.data as Float32Array,
      learned: learned.data as Float32Array,
      newcomer: output.newcomer_learned!.data as Float32Array,
      count: described.dims[0]!,
    };
  }

  /**
   * Answers `tasks` ≥ 1 questions against `masters` ≥ 1 encoded masters.
   * @param history [1 or tasks, masters, 2F] from `writeHistory`
   */
  async ask(task: Float32Array, tasks: number, encoded: Float32Array, history: Float32Array): Promise<MoeAnswers> {
    const masters = encoded.length / this.#width;
    const historyRows = history.length / (masters * HISTORY_WIDTH);
    const output = await this.session.run(
      {
        ...this.#nothing,
        task: floats(task, [tasks, this.dimensions]),
        encoded: floats(encoded, [masters, this.#width]),
        history: floats(history, [historyRows, masters, HISTORY_WIDTH]),
      },
      [...ANSWERS],
    );
    const part = (name: string) => output[name]!.data as Float32Array;
    return {
      masters,
      logits: part('logits'),
      probabilities: part('probabilities'),
      success: part('success'),
      confidence: part('confidence'),
    };
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function floats(values: Float32Array | number[], shape: number[]): Tensor {
  return new Tensor('float32', values as Float32Array, shape);
}
