// Vectors of questions, brought nearer to what answers them by the adapter in a folder, where one beat the frozen encoder.
// The one thing to know: whatever is wrong with the adapter costs its help, never an answer.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Adapter, type Encoder, loadAdapter } from '@cortex/models';

const LOOK_MS = 5_000;

export class AdaptedQuestions {
  #adapter: Adapter | undefined;
  #written = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #problem: string | undefined;

  /** @param folder where the champion of the family `encoder` is laid out; undefined: none */
  constructor(private readonly folder: string | undefined) {}

  /** Why the adapter that lies there is not used; undefined when it is, or when there is none. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async vectors(encoder: Encoder, questions: readonly string[]): Promise<Float32Array[]> {
    const [adapter, vectors] = await Promise.all([this.#current(encoder), encoder.encode(questions)]);
    return adapter ? vectors.map((vector) => adapter.adapt(vector)) : vectors;
  }

  async #current(encoder: Encoder): Promise<Adapter | undefined> {
    if (this.folder === undefined || performance.now() - this.#lookedAt < LOOK_MS) return this.#adapter;
    this.#lookedAt = performance.now();
    const written = await stat(join(this.folder, 'adapter.json')).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (written === this.#written) return this.#adapter;
    this.#written = written;
    this.#adapter = undefined;
    this.#problem = undefined;
    if (written === 0) return undefined;
    try {
      const loaded = await loadAdapter(this.folder);
      if (loaded.encoder === encoder.id) this.#adapter = loaded;
      else this.#problem = `the adapter in ${this.folder} is for the encoder ${loaded.encoder}, this is ${encoder.id}`;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    return this.#adapter;
  }
}
