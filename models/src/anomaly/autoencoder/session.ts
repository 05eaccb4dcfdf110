// The exported autoencoder at work: a stretch of steps in, by gauge and step the error out.
// The one thing to know: a step's error is made from the window that ends there, so no error can know the future.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SESSION_OPTIONS } from '../../onnx/index.js';
import type { Scale } from '../robust.js';
import { exportAutoencoder } from './export.js';
import type { AutoencoderModel } from './train.js';
import { windowsOf } from './windows.js';

/** What besides the graph is needed to feed it. Plain JSON. */
export interface AutoencoderFacts {
  gauges: string[];
  window: number;
  scales: Scale[];
}

const CHUNK = 1024;

export class AutoencoderSession {
  constructor(
    private readonly session: InferenceSession,
    readonly facts: AutoencoderFacts,
  ) {}

  static async of(model: AutoencoderModel): Promise<AutoencoderSession> {
    return new AutoencoderSession(await InferenceSession.create(exportAutoencoder(model), SESSION_OPTIONS), model);
  }

  /**
   * Errors by gauge of the steps from `from` on, 1 being usual; NaN where the gauge has no known value within the window.
   * @param columns as the facts' gauges, NaN where missing; all that is known of before is in them.
   */
  async errors(columns: readonly Float64Array[], from = 0): Promise<Float64Array[]> {
    const { gauges, window, scales } = this.facts;
    const steps = columns[0]?.length ?? 0;
    const out = gauges.map(() => new Float64Array(steps - from).fill(Number.NaN));
    const size = gauges.length;
    const cells = window * size;
    for (let start = from; start < steps; start += CHUNK) {
      const end = Math.min(steps, start + CHUNK);
      const { values, known, count } = windowsOf(columns, scales, window, start, end);
      const made = await this.session.run(
        { window: new Tensor('float32', values, [count, cells]), known: new Tensor('float32', known, [count, cells]) },
        ['errors'],
      );
      const errors = made.errors?.data as Float32Array;
      for (let i = 0; i < count; i++)
        for (let g = 0; g < size; g++) {
          let seen = 0;
          for (let k = 0; k < window; k++) seen += known[i * cells + k * size + g] as number;
          if (seen > 0) (out[g] as Float64Array)[start - from + i] = errors[i * size + g] as number;
        }
    }
    return out;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
