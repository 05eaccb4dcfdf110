// The profile voice: how close a task is to what each master says of itself. It needs no past task, so it carries a cold start.
// The one thing to know: it is not trained; the ensemble only learns how much to listen to it.
import { ProfileScorer, type Profiles, pickProfiles } from '../profiles.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceParts } from '../voice.js';

/** Turns closeness into odds where there are no rows to learn it from. */
export const CLOSENESS_SCALE = 18;

export class ProfileVoice implements Voice {
  readonly name = 'profile';
  readonly needsVector: boolean;
  readonly signals = ['closest profile'];
  readonly #scorer: ProfileScorer;

  constructor(readonly profiles: Profiles) {
    this.needsVector = profiles.vectors !== undefined;
    this.#scorer = new ProfileScorer(profiles, false);
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
    return profileParts(this.profiles);
  }

  static revive(parts: VoiceParts): ProfileVoice {
    return new ProfileVoice(reviveProfiles(parts));
  }
}

export function profileParts({ names, vectors, views, texts, hub }: Profiles): VoiceParts {
  const columns = vectors?.[0]?.length ?? 0;
  const flat = (all: readonly Float32Array[]) => {
    const data = new Float32Array(all.length * columns);
    all.forEach((vector, i) => {
      data.set(vector, i * columns);
    });
    return data;
  };
  const counts = views?.map((own) => own.length) ?? [];
  return {
    kind: 'profile',
    facts: { names, texts, hub, columns, counts },
    arrays: { vectors: flat(vectors ?? []), views: flat(views?.flat() ?? []) },
  };
}

export function reviveProfiles({ facts, arrays }: VoiceParts): Profiles {
  const { columns, counts, names, texts, hub } = facts as unknown as Profiles & { columns: number; counts: number[] };
  if (!columns) return { names, texts, hub };
  const cut = (data: Float32Array, i: number) => data.slice(i * columns, (i + 1) * columns);
  let at = 0;
  const views = counts.map((count) => Array.from({ length: count }, () => cut(arrays.views as Float32Array, at++)));
  return { names, texts, hub, views, vectors: names.map((_, m) => cut(arrays.vectors as Float32Array, m)) };
}

/** The same voice in every fold: it has learnt nothing from the rows, but it must not know labels that are kept out. */
export function profileMaker(profiles: Profiles): VoiceMaker {
  const voice = new ProfileVoice(profiles);
  return {
    name: voice.name,
    needsVector: voice.needsVector,
    priorWeight: CLOSENESS_SCALE,
    make: ({ labels }) => {
      if (labels.length === profiles.names.length) return voice;
      const chosen = labels.map((label) => profiles.names.indexOf(label));
      return new ProfileVoice(pickProfiles(profiles, chosen));
    },
  };
}
