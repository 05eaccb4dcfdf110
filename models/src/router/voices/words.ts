// The lexical voice: words and characters. Cheap, so it speaks first.
import { type LexicalData, LexicalModel, type LinearWeights } from '../../experts/lexical/index.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts } from '../voice.js';

export class WordsVoice implements Voice {
  readonly name = 'lexical';
  readonly needsVector = false;
  readonly signals = ['highest word score', 'word score lead', 'known words', 'known character grams'];

  constructor(readonly model: LexicalModel) {}

  score(asked: readonly Asked[]): Scores {
    const labels = this.model.labels;
    const scores = new Float32Array(asked.length * labels);
    const signals = new Float32Array(asked.length * this.signals.length);
    asked.forEach(({ text }, r) => {
      const row = scores.subarray(r * labels, (r + 1) * labels);
      const [words, characters] = this.model.score(text, row);
      let first = Number.NEGATIVE_INFINITY;
      let second = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < labels; k++) {
        const score = row[k]!;
        if (score > first) {
          second = first;
          first = score;
        } else if (score > second) second = score;
      }
      signals.set([first, labels > 1 ? first - second : 0, words, characters], r * this.signals.length);
    });
    return { scores, signals };
  }

  because({ text }: Asked, label: number): string[] {
    const words = this.model.loudestWords(text, label);
    return words.length ? [`the words ${words.map((word) => `"${word}"`).join(', ')} speak for it`] : [];
  }

  parts(): VoiceParts {
    const { vocabulary, linear } = this.model.data;
    return {
      kind: this.name,
      facts: { words: vocabulary.words, labels: linear.labels, width: linear.width },
      arrays: { hashes: vocabulary.hashes, idf: vocabulary.idf, weights: linear.weights, bias: linear.bias },
    };
  }

  static revive({ facts, arrays }: VoiceParts): WordsVoice {
    const linear = {
      labels: facts.labels,
      width: facts.width,
      weights: arrays.weights,
      bias: arrays.bias,
    } as LinearWeights;
    const vocabulary = { words: facts.words, hashes: arrays.hashes, idf: arrays.idf } as LexicalData['vocabulary'];
    return new WordsVoice(new LexicalModel({ vocabulary, linear }));
  }
}

export const wordsMaker: VoiceMaker = {
  name: 'lexical',
  needsVector: false,
  priorWeight: 4,
  make: ({ texts, target, labels, weights, seed, refused }) =>
    new WordsVoice(
      LexicalModel.train(texts, target, labels.length, { rowWeights: weights, seed, ...(refused ? { refused } : {}) }),
    ),
};
