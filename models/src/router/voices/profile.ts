// The profile voice: how close a task is to what each master says of itself. It needs no past task, so it carries a cold start.
// The one thing to know: it is not trained; the ensemble only learns how much to listen to it.
import { ProfileScorer, type Profiles } from '../profiles.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts } from '../voice.js';

/** Turns closeness into odds where there are no rows to learn it from. */
export const CLOSENESS_SCALE = 14;

export class ProfileVoice implements Voice {
  readonly name = 'profile';
  readonly needsVector: boolean;
  readonly signals = ['closest profile'];
  readonly #scorer: ProfileScorer;

  constructor(readonly profiles: Profiles) {
    this.needsVector = profiles.vectors !== undefined;
    this.#scorer = new ProfileScorer(profiles);
  }

  score(asked: readonly Asked[]): Scores {
    const labels = this.profiles.names.length;
    const scores = new Float32Array(asked.length * labels);
    const signals = new Float32Array(asked.length);
    asked.forEach((one, r) => {
      const closeness = this.#scorer.closeness(one);
      scores.set(closeness, r * labels);
      signals[r] = closeness.reduce((top, value) => Math.max(top, value), -1);
    });
    return { scores, signals };
  }

  because(): string[] {
    return ['it is close to what this master says of itself'];
  }

  parts(): VoiceParts {
    const { names, vectors, texts, hub } = this.profiles;
    const columns = vectors?.[0]?.length ?? 0;
    const data = new Float32Array(names.length * columns);
    vectors?.forEach((vector, m) => {
      data.set(vector, m * columns);
    });
    return { kind: this.name, facts: { names, texts, hub, columns }, arrays: { vectors: data } };
  }

  static revive({ facts, arrays }: VoiceParts): ProfileVoice {
    const { columns, ...rest } = facts as unknown as Profiles & { columns: number };
    const data = arrays.vectors as Float32Array;
    const vectors = columns ? rest.names.map((_, m) => data.slice(m * columns, (m + 1) * columns)) : undefined;
    return new ProfileVoice({ ...rest, vectors });
  }
}

/** The same voice in every fold: it has learnt nothing from the rows. */
export function profileMaker(profiles: Profiles): VoiceMaker {
  const voice = new ProfileVoice(profiles);
  return { name: voice.name, needsVector: voice.needsVector, priorWeight: CLOSENESS_SCALE, make: () => voice };
}
