// Any Expert as a voice of the ensemble: its votes become scores, its abstentions count for nobody.
// The one thing to know: an expert that learns must be made anew for every fold, or its odds would be judged on rows it has seen.
import type { Expert, RouteQuery, Vote } from '../../experts/expert.js';
import type { Histories } from '../../track-record/index.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts, VoiceRows } from '../voice.js';

/** Makes an expert from rows; called once a fold and once for all rows. */
export interface ExpertMaker {
  readonly name: string;
  readonly needsEmbedding: boolean;
  /** Kept only where held-out rows show that the ensemble is better for it. Default: kept. */
  readonly onTrial?: boolean;
  make(rows: VoiceRows, signal?: AbortSignal): Promise<Expert> | Expert;
}

const SMALLEST_ODDS = 1e-4;

export class OutsideVoice implements Voice {
  readonly signals = ['abstained'];
  readonly name: string;
  readonly needsVector: boolean;
  #last = new WeakMap<Asked, Vote>();

  constructor(
    readonly expert: Expert,
    readonly labels: readonly string[],
  ) {
    this.name = expert.name;
    this.needsVector = expert.needsEmbedding;
  }

  get readsHistories(): boolean {
    return this.expert.readsHistories === true;
  }

  follow(histories: () => Histories): void {
    this.expert.follow?.(histories);
  }

  async score(asked: readonly Asked[]): Promise<Scores> {
    const labels = this.labels.length;
    const scores = new Float32Array(asked.length * labels);
    const signals = new Float32Array(asked.length);
    const queries = asked.map(({ text, vector, history }): RouteQuery => ({ text, embedding: vector, history }));
    const votes = await this.expert.vote(queries);
    votes.forEach((vote, r) => {
      this.#last.set(asked[r]!, vote);
      signals[r] = Number(vote.abstained);
      if (vote.abstained) return;
      this.labels.forEach((label, k) => {
        scores[r * labels + k] = Math.log(Math.max(SMALLEST_ODDS, vote.probabilities[label] ?? 0));
      });
    });
    return { scores, signals };
  }

  because(asked: Asked, label: number): string[] {
    const vote = this.#last.get(asked);
    if (!vote || vote.abstained) return [];
    const best = Object.entries(vote.probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];
    return best === this.labels[label] ? vote.evidence.slice(0, 1) : [];
  }

  parts(): VoiceParts | null {
    return null;
  }
}

export function outsideMaker(maker: ExpertMaker): VoiceMaker {
  return {
    name: maker.name,
    needsVector: maker.needsEmbedding,
    priorWeight: 1,
    onTrial: maker.onTrial === true,
    make: async (rows, signal) => new OutsideVoice(await maker.make(rows, signal), rows.labels),
  };
}
