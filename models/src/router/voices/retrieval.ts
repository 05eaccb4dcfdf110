// The retrieval voice: which masters had the nearest past tasks, and how near anything known is at all.
// The one thing to know: a label's score is the logarithm of its neighbours' closeness (a kernel vote), so many near ones beat one.
import { type Matrix, stack } from '../../experts/linear/index.js';
import { NEAR_COPY } from '../folds.js';
import { type Found, Neighbours } from '../neighbours.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts, VoiceRows } from '../voice.js';

const NEAREST = 50;
/** Width of the kernel: a neighbour 0.05 farther in cosine counts e times less. */
const WIDTH = 0.05;
const FLOOR = 1e-9;
/** Neighbours that say how near and how dense it is; looked for among so many others, near copies left out. */
const NEAR = 5;
const OTHERS = 24;
/** Characters of a past task that are kept to be shown. */
const SHOWN = 100;

export class RetrievalVoice implements Voice {
  readonly name = 'retrieval';
  readonly needsVector = true;
  readonly signals = ['mean cosine of the 5 nearest', 'nearest cosine', 'how dense it is there', 'nearest outsider'];

  constructor(
    readonly neighbours: Neighbours,
    readonly target: Int32Array,
    /** Mean cosine of each row's own 5 nearest: 0.6 is near where tasks are varied, and far where they are all alike. */
    readonly density: Float32Array,
    readonly labels: number,
    readonly texts: readonly string[],
  ) {}

  /** What was found for a question, until it is forgotten with it: reasons are asked for after scores. */
  readonly #found = new WeakMap<Asked, Found>();

  static async train({ texts, vectors, target, labels, seed }: VoiceRows): Promise<RetrievalVoice> {
    const neighbours = await Neighbours.build(stack(vectors!), seed);
    const density = new Float32Array(texts.length);
    await neighbours.searchAll(neighbours.vectors, OTHERS, (r, { rows, cosines }) => {
      let sum = 0;
      let count = 0;
      for (let i = 0; i < rows.length && count < NEAR; i++) {
        if (target[rows[i]!]! < 0 || rows[i] === r || cosines[i]! >= NEAR_COPY) continue;
        sum += cosines[i]!;
        count++;
      }
      density[r] = count ? sum / count : (cosines.at(-1) ?? 0);
    });
    return new RetrievalVoice(
      neighbours,
      target,
      density,
      labels.length,
      texts.map((text) => text.slice(0, SHOWN)),
    );
  }

  async score(asked: readonly Asked[]): Promise<Scores> {
    const scores = new Float32Array(asked.length * this.labels);
    const signals = new Float32Array(asked.length * this.signals.length);
    const put = (r: number, found: Found) => {
      const row = scores.subarray(r * this.labels, (r + 1) * this.labels);
      signals.set(this.#vote(found, row), r * this.signals.length);
      this.#found.set(asked[r]!, found);
    };
    if (asked.length > 64) {
      await this.neighbours.searchAll(stack(asked.map(({ vector }) => vector!)), NEAREST, put);
    } else {
      asked.forEach(({ vector }, r) => {
        put(r, this.neighbours.search(vector!, NEAREST));
      });
    }
    return { scores, signals };
  }

  #vote({ rows, cosines }: Found, scores: Float32Array): number[] {
    let near = 0;
    let sum = 0;
    let dense = 0;
    let nearest = -1;
    let outsider = -1;
    for (let i = 0; i < rows.length; i++) {
      const label = this.target[rows[i]!]!;
      const cosine = cosines[i]!;
      if (label < 0) {
        outsider = Math.max(outsider, cosine);
        continue;
      }
      nearest = Math.max(nearest, cosine);
      if (near < NEAR) {
        sum += cosine;
        dense += this.density[rows[i]!]!;
        near++;
      }
      scores[label]! += Math.exp((cosine - 1) / WIDTH);
    }
    for (let k = 0; k < scores.length; k++) scores[k] = Math.log(scores[k]! + FLOOR);
    return [near ? sum / near : 0, nearest, near ? dense / near : 0, Math.max(0, outsider)];
  }

  because(asked: Asked, label: number): string[] {
    const found = this.#found.get(asked);
    if (!found) return [];
    const { rows, cosines } = found;
    const at = rows.findIndex((row) => this.target[row] === label);
    return at < 0
      ? []
      : [`a past task of this master is near (${cosines[at]!.toFixed(2)}): "${this.texts[rows[at]!]}"`];
  }

  parts(): VoiceParts {
    const { vectors, centres, cell } = this.neighbours;
    return {
      kind: this.name,
      facts: { labels: this.labels, columns: vectors.columns, texts: this.texts },
      arrays: { vectors: vectors.data, centres: centres.data, cell, target: this.target, density: this.density },
    };
  }

  static revive({ facts, arrays }: VoiceParts): RetrievalVoice {
    const columns = facts.columns as number;
    const matrix = (data: Float32Array): Matrix => ({ rows: data.length / columns, columns, data });
    const neighbours = new Neighbours(
      matrix(arrays.vectors as Float32Array),
      matrix(arrays.centres as Float32Array),
      arrays.cell as Int32Array,
    );
    return new RetrievalVoice(
      neighbours,
      arrays.target as Int32Array,
      arrays.density as Float32Array,
      facts.labels as number,
      facts.texts as string[],
    );
  }
}

export const retrievalMaker: VoiceMaker = {
  name: 'retrieval',
  needsVector: true,
  priorWeight: 0.3,
  make: (rows) => RetrievalVoice.train(rows),
};
