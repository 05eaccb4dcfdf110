// The embedding voice: a linear head on the encoder's vectors.
import { softmaxInPlace } from '../../calibration/index.js';
import type { LinearWeights } from '../../experts/lexical/index.js';
import { headScores, stack, trainSoftmax } from '../../experts/linear/index.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts } from '../voice.js';

export class EmbeddingVoice implements Voice {
  readonly name = 'embedding';
  readonly needsVector = true;
  readonly signals = ['energy of the vector', 'highest vector score'];

  constructor(readonly head: LinearWeights) {}

  async score(asked: readonly Asked[]): Promise<Scores> {
    const { labels } = this.head;
    const scores = await headScores(
      this.head,
      asked.map(({ vector }) => vector!),
    );
    const signals = new Float32Array(asked.length * this.signals.length);
    for (let r = 0; r < asked.length; r++) {
      const row = scores.slice(r * labels, (r + 1) * labels);
      const highest = row.reduce((top, score) => Math.max(top, score), Number.NEGATIVE_INFINITY);
      signals.set([softmaxInPlace(row), highest], r * this.signals.length);
    }
    return { scores, signals };
  }

  because(): string[] {
    return ['its meaning is close to tasks of this master'];
  }

  parts(): VoiceParts {
    const { labels, width, weights, bias } = this.head;
    return { kind: this.name, facts: { labels, width }, arrays: { weights, bias } };
  }

  static revive({ facts, arrays }: VoiceParts): EmbeddingVoice {
    return new EmbeddingVoice({ ...facts, ...arrays } as unknown as LinearWeights);
  }
}

export const embeddingMaker: VoiceMaker = {
  name: 'embedding',
  needsVector: true,
  priorWeight: 1.5,
  make: async ({ vectors, target, labels, weights }, signal) =>
    new EmbeddingVoice(await trainSoftmax(stack(vectors!), target, labels.length, { rowWeights: weights, signal })),
};
