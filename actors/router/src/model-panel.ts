// A router model as what serves, with one thing on top that no training row teaches: the keywords and patterns of masters that
// nobody has learnt about yet.
import { type MasterProfile, type RouteQuery, type RouteResult, RouterModel, type Vote } from '@cortex/models';
import type { Opinion, Panel, Voiced } from './panel.js';
import { inlineRules, voiceOf } from './rules.js';

export interface ModelPanelOptions {
  /** Made for exactly these masters (`withMasters`). */
  readonly model: RouterModel;
  readonly masters: readonly MasterProfile[];
  readonly version: string;
  readonly identity: string;
  readonly reason?: string;
}

/** Odds from which a rule about a newcomer counts, and how much of them is believed. */
const NEWCOMER_RULE = 0.5;
const BELIEVED = 0.9;
/** Probability of being right without which no stage is sure: what it was sure of may be out of the question. */
const STILL_SURE = 0.5;

export function modelPanel({ model, masters, version, identity, reason }: ModelPanelOptions): Panel {
  // Without its encoder the model answers from what it is given, and never waits.
  const still = RouterModel.assemble(model.state, model.voices, model.profiles);
  const trained = new Set(model.state.labels);
  const newcomers = new Set(masters.map(({ name }) => name).filter((name) => !trained.has(name)));
  const rules = newcomers.size > 0 ? inlineRules(masters) : undefined;

  const ask = (useCascade: boolean) => async (queries: readonly RouteQuery[], names: readonly string[]) => {
    const results = await still.route(queries, { useCascade, masters: names });
    const votes = rules?.vote(queries);
    const allowed = new Set(names);
    return results.map((result, i) => {
      const opinion = opinionOf(result);
      const vote = votes?.[i];
      return vote ? hearRuleOfNewcomer(opinion, vote, newcomers, allowed) : opinion;
    });
  };
  return {
    version,
    identity,
    // Described masters are found by meaning, also where no words were ever learnt.
    needsEncoder: model.profiles.vectors !== undefined && (model.state.full !== null || newcomers.size > 0),
    moving: model.readsHistories,
    ...(reason === undefined ? {} : { reason }),
    quick: ask(true),
    full: ask(false),
  };
}

function opinionOf(result: RouteResult): Opinion {
  const { probabilities, confidence, scope, candidates, abstain, master, exit } = result;
  const experts = result.experts.map(withoutEvenOdds);
  const silent = experts.filter(({ abstained }) => abstained).map(({ name }) => `${name} would rather`);
  // Who is best and where the cascade ended is said by the answer, which knows more of both.
  const explanation = result.explanation
    .slice(master === null || exit === 'rule' ? 0 : 1)
    .filter((line) => !line.startsWith('the words alone were sure') && !silent.some((start) => line.startsWith(start)));
  const stage = exit === 'rule' ? ('rule' as const) : ('words' as const);
  // Whoever would ask a person should hear everybody first.
  const sure = result.sure && !abstain && confidence * scope >= STILL_SURE;
  return { probabilities, scope, candidates, experts, abstain, explanation, ...(sure ? { sure: stage } : {}) };
}

/** The same odds for everybody is nothing said. */
function withoutEvenOdds(voice: Voiced): Voiced {
  const odds = Object.values(voice.probabilities);
  const even = odds.length > 1 && Math.max(...odds) - Math.min(...odds) < 1e-9;
  return even ? { ...voice, probabilities: {}, abstained: true } : voice;
}

/** A keyword or pattern of a master without past tasks is all that can be known about it by rule. */
function hearRuleOfNewcomer(
  opinion: Opinion,
  vote: Vote,
  newcomers: ReadonlySet<string>,
  allowed: ReadonlySet<string>,
): Opinion {
  const [name, p] = Object.entries(vote.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  if (opinion.sure === 'rule' || p < NEWCOMER_RULE || !newcomers.has(name) || !allowed.has(name)) return opinion;
  const own = opinion.probabilities[name] ?? 0;
  const share = Math.max(p * BELIEVED, own);
  const probabilities: Record<string, number> = {};
  for (const [other, q] of Object.entries(opinion.probabilities)) {
    if (other !== name) probabilities[other] = own < 1 ? (q / (1 - own)) * (1 - share) : 0;
  }
  probabilities[name] = share;
  const { sure: _, ...rest } = opinion;
  return {
    ...rest,
    probabilities,
    scope: Math.max(opinion.scope, share),
    candidates: [name, ...opinion.candidates.filter((other) => other !== name)],
    experts: [voiceOf(vote), ...opinion.experts.filter((voice) => voice.name !== 'rule')],
    abstain: opinion.abstain && share < BELIEVED * BELIEVED,
    explanation: [...opinion.explanation, ...vote.evidence.slice(0, 1).map((line) => `rule: ${line}`)],
  };
}
