// The embedding voice: a linear head on the encoder's vectors.
import { fitStack, softmaxInPlace, stackOdds } from '../../calibration/index.js';
import type { LinearWeights } from '../../experts/lexical/index.js';
import { headScores, stack, trainSoftmax } from '../../experts/linear/index.js';
import { logLoss } from '../../metrics/index.js';
import { pickRows } from '../cross-fit.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts, VoiceRows } from '../voice.js';

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

export function embeddingMaker(cost: number): VoiceMaker {
  return {
    name: 'embedding',
    needsVector: true,
    priorWeight: 1.5,
    make: async ({ vectors, target, labels, weights }, signal) =>
      new EmbeddingVoice(
        await trainSoftmax(stack(vectors!), target, labels.length, { cost, rowWeights: weights, signal }),
      ),
  };
}

const USUAL_COST = 10;
const COSTS = [3, USUAL_COST, 30];
const FEWEST_ROWS = 200;

/**
 * How closely the head should follow its rows: the cost with the least log loss on the first fold, each at its best temperature.
 * Few rows say too little about it: then the usual one serves.
 */
export async function chooseCost(rows: VoiceRows, fold: Int32Array, signal?: AbortSignal): Promise<number> {
  const all = Array.from(fold, (_, r) => r).filter((r) => rows.target[r]! >= 0);
  if (all.length < FEWEST_ROWS || rows.labels.length < 2) return USUAL_COST;
  const training = pickRows(
    rows,
    all.filter((r) => fold[r] !== 0),
  );
  const judged = pickRows(
    rows,
    all.filter((r) => fold[r] === 0),
  );
  let best = USUAL_COST;
  let least = Number.POSITIVE_INFINITY;
  for (const cost of COSTS) {
    signal?.throwIfAborted();
    const voice = await embeddingMaker(cost).make(training, signal);
    const { scores } = await voice.score(judged.texts.map((text, r) => ({ text, vector: judged.vectors![r] })));
    const labels = rows.labels.length;
    const weights = await fitStack({ labels, voices: [scores], target: judged.target, prior: [1.5] });
    const odds = new Float64Array(labels);
    const loss = logLoss(Array.from(judged.target, (label, r) => stackOdds(weights, [scores], r, odds)[label]!));
    if (loss >= least) continue;
    least = loss;
    best = cost;
  }
  return best;
}
