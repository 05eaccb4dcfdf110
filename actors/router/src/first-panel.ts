// The panel of the first moments after a start or a change of the registry: no training, no encoder, ready at once.
import type { RouteQuery } from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { FirstWords } from './first-words.js';
import type { Opinion, Panel } from './panel.js';

export interface FirstPanelOptions {
  readonly masters: readonly Master[];
  readonly revision: number;
  /** Confidence below which a person should be asked. */
  readonly sure: number;
  /** Why nothing better is there. */
  readonly reason: string;
}

export function firstPanel({ masters, revision, sure, reason }: FirstPanelOptions): Panel {
  const words = new FirstWords(masters);
  const opinion = (query: RouteQuery): Opinion => {
    const vote = words.vote(query.title ? `${query.title}\n${query.text}` : query.text);
    const ranked = Object.entries(vote.probabilities).sort((a, b) => b[1] - a[1]);
    const confidence = ranked[0]?.[1] ?? 0;
    return {
      probabilities: vote.probabilities,
      // Nothing here was ever compared with the truth: what is not said at all is all that can be known.
      scope: vote.abstained ? 0 : 0.5 + confidence / 2,
      candidates: reaching(ranked, 0.9),
      votes: [{ name: 'lexical', vote, weight: 1 }],
      abstain: confidence < sure,
      sure: false,
    };
  };
  const version = `registry@${revision}`;
  return {
    version,
    identity: `first ${version}`,
    masters: new Set(masters.map((master) => master.name)),
    needsEncoder: false,
    reason,
    quick: async (queries) => queries.map(opinion),
    full: async (queries) => queries.map(opinion),
  };
}

/** The likeliest masters that together reach a share. */
function reaching(ranked: readonly [string, number][], share: number): string[] {
  const names: string[] = [];
  let sum = 0;
  for (const [name, p] of ranked) {
    names.push(name);
    sum += p;
    if (sum >= share) break;
  }
  return names;
}
