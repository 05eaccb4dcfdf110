// A router model as what serves, with the rules on top that no training row teaches: a task handed to a master by name, and
// the keywords and patterns of masters that nobody has learnt about yet.
import { type MasterProfile, type RouteQuery, type RouteResult, RouterModel, type Vote } from '@cortex/models';
import type { Opinion, Panel } from './panel.js';
import { HandingOver, inlineRules, voiceOf } from './rules.js';

export interface ModelPanelOptions {
  /** Made for exactly these masters (`withMasters`). */
  readonly model: RouterModel;
  readonly masters: readonly MasterProfile[];
  readonly version: string;
  readonly identity: string;
  readonly earlyExit: boolean;
  readonly reason?: string;
}

/** Odds from which a rule about a newcomer counts, and how much of them is believed. */
const NEWCOMER_RULE = 0.5;
const BELIEVED = 0.9;

export function modelPanel({ model, masters, version, identity, earlyExit, reason }: ModelPanelOptions): Panel {
  // Without its encoder the model answers from what it is given, and never waits.
  const still = RouterModel.assemble(model.state, model.voices, model.profiles);
  const { exit, labels, full } = model.state;
  const trained = new Set(labels);
  const handing = new HandingOver(masters);
  const newcomers = new Set(masters.map(({ name }) => name).filter((name) => !trained.has(name)));
  const rules = newcomers.size > 0 ? inlineRules(masters) : undefined;

  const ask = async (queries: readonly RouteQuery[], names: readonly string[]): Promise<Opinion[]> => {
    const allowed = new Set(names);
    const results = await still.route(queries, { useCascade: earlyExit, masters: names });
    const votes = rules?.vote(queries);
    return results.map((result, i) => {
      const query = queries[i] ?? { text: '' };
      const opinion = opinionOf(result, isSure(result));
      const handed = handing.of(query, allowed);
      if (handed) return handOver(opinion, handed.master, handed.vote, allowed);
      const vote = votes?.[i];
      return vote ? hearRuleOfNewcomer(opinion, vote, newcomers, allowed) : opinion;
    });
  };
  const isSure = (result: RouteResult) =>
    exit !== null &&
    result.master !== null &&
    trained.has(result.master) &&
    result.confidence * result.scope >= exit.threshold;
  return {
    version,
    identity,
    // Described masters are found by meaning, also where no words were ever learnt.
    needsEncoder: model.profiles.vectors !== undefined && (full !== null || newcomers.size > 0),
    ...(reason === undefined ? {} : { reason }),
    quick: ask,
    full: ask,
  };
}

function opinionOf(result: RouteResult, sure: boolean): Opinion {
  const { probabilities, scope, candidates, experts, abstain, master } = result;
  // Who is best and where the cascade ended is said by the answer, which knows more of both.
  const explanation = result.explanation
    .slice(master === null ? 0 : 1)
    .filter((line) => !line.startsWith('the words alone were sure'));
  return {
    probabilities,
    scope,
    candidates,
    experts,
    abstain,
    explanation,
    ...(sure ? { sure: 'words' as const } : {}),
  };
}

/** A person has said who is to do it: that decides, the other voices are still shown. */
function handOver(opinion: Opinion, master: string, vote: Vote, allowed: ReadonlySet<string>): Opinion {
  const kept = Object.entries(vote.probabilities).filter(([name]) => allowed.has(name));
  const total = kept.reduce((sum, [, p]) => sum + p, 0);
  return {
    ...opinion,
    probabilities: Object.fromEntries(kept.map(([name, p]) => [name, p / total])),
    scope: Math.max(opinion.scope, vote.probabilities[master] ?? 0),
    candidates: [master],
    experts: withRule(opinion, vote),
    abstain: false,
    explanation: [`the text hands the task to ${master}`],
    sure: 'rule',
  };
}

/** A keyword or pattern of a master without past tasks is all that can be known about it by rule. */
function hearRuleOfNewcomer(
  opinion: Opinion,
  vote: Vote,
  newcomers: ReadonlySet<string>,
  allowed: ReadonlySet<string>,
): Opinion {
  const [name, p] = Object.entries(vote.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  if (p < NEWCOMER_RULE || !newcomers.has(name) || !allowed.has(name)) return opinion;
  const share = Math.max(p * BELIEVED, opinion.probabilities[name] ?? 0);
  const rest = 1 - (opinion.probabilities[name] ?? 0);
  const probabilities: Record<string, number> = {};
  for (const [other, q] of Object.entries(opinion.probabilities)) {
    if (other !== name) probabilities[other] = rest > 0 ? (q / rest) * (1 - share) : 0;
  }
  probabilities[name] = share;
  return {
    ...opinion,
    probabilities,
    scope: Math.max(opinion.scope, share),
    candidates: [name, ...opinion.candidates.filter((other) => other !== name)],
    experts: withRule(opinion, vote),
    abstain: opinion.abstain && share < BELIEVED * BELIEVED,
    explanation: [...opinion.explanation, ...vote.evidence.slice(0, 1).map((line) => `rule: ${line}`)],
  };
}

function withRule(opinion: Opinion, vote: Vote): Opinion['experts'] {
  return [voiceOf(vote), ...opinion.experts.filter(({ name }) => name !== 'rule')];
}
