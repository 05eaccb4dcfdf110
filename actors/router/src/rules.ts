// The rules beside the model (where they are one voice of many): alone in the first moments, and as a person's word that
// outranks it ("@security", "assign this to the security team").
import { createRuleExpert, type MasterProfile, type RuleExpert, type Vote } from '@cortex/models';
import type { Opinion, Panel, Voiced } from './panel.js';

/** Examples of each master that the inline rules read: they are made on the event loop, 15 µs an example. */
const READ_INLINE = 100;
/**
 * Odds that only a text has which hands the task to a master by name: what merely mentions one, or matches a keyword, stays below.
 * (A handing over weighs 7 in log-odds against 1.5 for anything else: .9986.)
 */
const HANDED_OVER = 0.9985;
/** Share of the conformal set that is asked for. */
const RATE = 0.9;

/** Rules over a registry, made in milliseconds. */
export function inlineRules(masters: readonly MasterProfile[]): RuleExpert {
  return createRuleExpert(
    masters.map((master) => ({ ...master, examples: (master.examples ?? []).slice(0, READ_INLINE) })),
  );
}

/** Who is named as the one to do it; no statistics. */
export class HandingOver {
  private readonly rules: RuleExpert;

  constructor(masters: readonly MasterProfile[]) {
    this.rules = createRuleExpert(masters.map(({ name, aliases }) => ({ name, aliases: aliases ?? [] })));
  }

  /** The vote, where a text hands the task to one of the masters that may be chosen. */
  of(
    query: Parameters<RuleExpert['vote']>[0][number],
    masters: ReadonlySet<string>,
  ): { master: string; vote: Vote } | undefined {
    const [vote] = this.rules.vote([query]);
    if (!vote || vote.abstained) return undefined;
    const [master, p] = Object.entries(vote.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    return p >= HANDED_OVER && masters.has(master) ? { master, vote } : undefined;
  }
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
  const handing = new HandingOver(masters);
  const quick: Panel['quick'] = async (queries, names) => {
    const allowed = new Set(names);
    return rules.vote(queries).map((vote, i): Opinion => {
      const handed = queries[i] && handing.of(queries[i], allowed);
      const ranked = Object.entries((handed?.vote ?? vote).probabilities).sort((a, b) => b[1] - a[1]);
      const confidence = ranked[0]?.[1] ?? 0;
      return {
        probabilities: Object.fromEntries(ranked),
        // What speaks for nobody in particular is shared by all: its size is the doubt whether anyone fits.
        scope: vote.abstained ? 0.5 : 1 - (ranked.at(-1)?.[1] ?? 0) * (ranked.length > 1 ? ranked.length : 0),
        candidates: reaching(ranked, RATE),
        experts: [voiceOf(handed?.vote ?? vote)],
        abstain: confidence < sure,
        explanation: [],
        ...(handed ? { sure: 'rule' as const } : {}),
      };
    });
  };
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
