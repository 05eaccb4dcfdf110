// The voices of a saved router, in the order its weights expect.
import type { Expert } from '../../experts/expert.js';
import { RouterExpertMissing, RouterManifestInvalid } from '../errors.js';
import type { RouterState } from '../state.js';
import type { Voice, VoiceParts } from '../voice.js';
import { EmbeddingVoice } from './embedding.js';
import { OutsideVoice } from './outside.js';
import { ProfileVoice } from './profile.js';
import { RetrievalVoice } from './retrieval.js';
import { ruleVoice } from './rules.js';
import { WordsVoice } from './words.js';

const REVIVERS: Record<string, (parts: VoiceParts) => Voice> = {
  lexical: WordsVoice.revive,
  embedding: EmbeddingVoice.revive,
  retrieval: RetrievalVoice.revive,
  profile: ProfileVoice.revive,
};

/** @throws RouterExpertMissing, RouterManifestInvalid */
export function reviveVoices(
  manifest: string,
  state: RouterState,
  parts: ReadonlyMap<string, VoiceParts>,
  experts: readonly Expert[],
): Voice[] {
  return state.voices.map(({ name, outside }) => {
    if (name === 'rule') return ruleVoice(state.masters, state.labels);
    if (outside) {
      const expert = experts.find((one) => one.name === name);
      if (!expert) throw new RouterExpertMissing(manifest, `it needs the expert "${name}", which was not given`);
      return new OutsideVoice(expert, state.labels);
    }
    const own = parts.get(name);
    const revive = REVIVERS[name];
    if (!own || !revive) throw new RouterManifestInvalid(manifest, `it names no file of the voice "${name}"`);
    return revive(own);
  });
}
