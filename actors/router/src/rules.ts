// The rules on their own: what serves in the first moments and when nothing can be built, and what speaks for masters that no
// model knows. (Within a model they are one voice of many.)
import { createRuleExpert, type MasterProfile, type RuleExpert, type Vote } from '@cortex/models';
import type { Opinion, Panel, Voiced } from './panel.js';

/** Examples that the inline rules read in all: they are made on the event loop, 15 µs an example. */
const READ_INLINE = 2_000;
const FEWEST_EACH = 3;

/** Share of the conformal set that is asked for. */
const RATE = 0.9;

/** Rules over a registry, made in milliseconds. */
export function inlineRules(masters: readonly MasterProfile[]): RuleExpert {
  const each = Math.max(FEWEST_EACH, Math.floor(READ_INLINE / Math.max(1, masters.length)));
  return createRuleExpert(masters.map((master) => ({ ...master, examples: (master.examples ?? []).slice(0, each) })));
}

export interface RulePanelOptions {
  readonly masters: readonly MasterProfile[];
  readonly version: string;
  /** Probability of being right below which a person should be asked. */
  readonly sure: number;
  /** Why nothing better is there. */
  readonly reason: string;
}

/** Rules alone: what serves from the first moment on, and when nothing can be built. */
export function rulePanel({ masters, version, sure, reason }: RulePanelOptions): Panel {
  const rules = inlineRules(masters);
  const quick: Panel['quick'] = async (queries) =>
    rules.vote(queries).map((vote): Opinion => {
      const ranked = Object.entries(vote.probabilities).sort((a, b) => b[1] - a[1]);
      const confidence = ranked[0]?.[1] ?? 0;
      return {
        probabilities: vote.probabilities,
        // What speaks for nobody in particular is shared by all: its size is the doubt whether anyone fits.
        scope: vote.abstained ? 0.5 : 1 - (ranked.at(-1)?.[1] ?? 0) * (ranked.length > 1 ? ranked.length : 0),
        candidates: reaching(ranked, RATE),
        experts: [voiceOf(vote)],
        abstain: confidence < sure,
        explanation: [],
      };
    });
  return { version, identity: `rules ${version}`, provisional: true, needsEncoder: false, reason, quick, full: quick };
}

/** A rule vote as the answer shows it. */
export function voiceOf(vote: Vote): Voiced {
  const { probabilities, latency_ms, abstained, evidence } = vote;
  return { name: 'rule', probabilities, latency_ms, abstained, weight: abstained ? 0 : 1, evidence };
}

/** The likeliest masters that together reach a share. */
function reaching(ranked: readonly [string, number][], share: number): string[] {
  const names: string[] = [];
  let sum = 0;
  for (const [name, p] of ranked) {
    if (sum >= share) break;
    names.push(name);
    sum += p;
  }
  return names;
}
