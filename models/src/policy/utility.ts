// Which of the masters that may be right is worth most: route odds, predicted success, time, cost and load in one sum.
// The one thing to know: utility is counted in route odds (being sure that a master is right is worth 1), every weight says what one
// unit of something else is worth against that, and with all weights 0 the answer is exactly the master with the highest odds.
import type { Prediction } from '../prediction/index.js';

export type Priority = 'critical' | 'high' | 'medium' | 'low';

export interface UtilityWeights {
  /** Worth of a certain success, given that the master is right. Default 0.5. */
  success: number;
  /** Price of an hour of expected work and waiting. Default 0.02. */
  time: number;
  /** Price of 100,000 expected tokens. Default 0.02. */
  tokens: number;
  /** Price of an expected US dollar. Default 0.02. */
  cost: number;
  /** Price of giving a task to a master that is fully busy against an idle one. Default 0.05. */
  load: number;
  /** How much the priority bends the price of time and load: 0 not at all, 1 fully (critical ×4, low ×0.5). Default 1. */
  priority: number;
}

export const DEFAULT_WEIGHTS: Readonly<UtilityWeights> = {
  success: 0.5,
  time: 0.02,
  tokens: 0.02,
  cost: 0.02,
  load: 0.05,
  priority: 1,
};

export const ZERO_WEIGHTS: Readonly<UtilityWeights> = { success: 0, time: 0, tokens: 0, cost: 0, load: 0, priority: 0 };

export interface UtilityCandidate {
  master: string;
  /** Calibrated chance that this is the right master. */
  odds: number;
  prediction?: Prediction | undefined;
  /** Expected US dollars, where known. */
  cost_usd?: number | undefined;
  /** 0 idle … 1 all workers busy. */
  load?: number | undefined;
  /** Expected minutes until a worker is free. */
  wait_minutes?: number | undefined;
}

export interface UtilityTerm {
  name: 'route' | 'success' | 'time' | 'tokens' | 'cost' | 'load';
  /** In route odds; what it adds to the utility. */
  value: number;
  words: string;
}

export interface UtilityChoice {
  master: string;
  /** Best first. Candidates left out for low odds are not among them. */
  ranked: { master: string; utility: number; terms: UtilityTerm[] }[];
  /** Why, for people: the choice, then what told it from the runner-up. */
  explanation: string[];
}

export interface UtilityOptions {
  /** Default DEFAULT_WEIGHTS; missing ones are taken from there. */
  weights?: Partial<UtilityWeights>;
  priority?: Priority;
  /** A master is looked at only with at least this share of the highest odds: no bargain makes a wrong master right. Default 0.2. */
  contender_share?: number;
}

const HASTE: Record<Priority, number> = { critical: 4, high: 2, medium: 1, low: 0.5 };

/** @throws RangeError without candidates or with a weight that is not a finite number of at least 0. */
export function chooseByUtility(candidates: readonly UtilityCandidate[], options: UtilityOptions = {}): UtilityChoice {
  if (!candidates.length) throw new RangeError('A decision needs at least one candidate.');
  const weights = { ...DEFAULT_WEIGHTS, ...options.weights };
  for (const [name, weight] of Object.entries(weights)) {
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw new RangeError(`Weight "${name}" is ${weight}: give 0 or more.`);
  }
  const haste = HASTE[options.priority ?? 'medium'] ** weights.priority;
  const highest = candidates.reduce((most, c) => Math.max(most, c.odds), 0);
  const contenders = candidates.filter((c) => c.odds >= highest * (options.contender_share ?? 0.2));
  const chances = contenders.flatMap((c) => (c.prediction?.success ? [c.prediction.success.p] : []));
  // A candidate without a prediction is treated as neither better nor worse than the others.
  const usual = chances.length ? chances.reduce((a, b) => a + b, 0) / chances.length : 0;
  const ranked = contenders.map((candidate) => {
    const terms = termsOf(candidate, weights, haste, usual);
    return { master: candidate.master, utility: terms.reduce((sum, term) => sum + term.value, 0), terms };
  });
  // Array.sort is stable: with equal utility the order given stands.
  ranked.sort((a, b) => b.utility - a.utility);
  return { master: ranked[0]!.master, ranked, explanation: explain(ranked) };
}

function termsOf(candidate: UtilityCandidate, weights: UtilityWeights, haste: number, usual: number): UtilityTerm[] {
  const { odds, prediction } = candidate;
  const terms: UtilityTerm[] = [{ name: 'route', value: odds, words: `right with ${percent(odds)}` }];
  const add = (name: UtilityTerm['name'], value: number, words: string) => {
    if (value !== 0) terms.push({ name, value, words });
  };
  const success = prediction?.success;
  const chance = success?.p ?? usual;
  add('success', odds * weights.success * chance, successWords(success, chance));
  const minutes = (prediction?.minutes?.p50 ?? 0) + (candidate.wait_minutes ?? 0);
  add('time', -weights.time * haste * (minutes / 60), `about ${Math.round(minutes)} minutes`);
  const tokens = prediction?.tokens?.p50 ?? 0;
  add('tokens', -weights.tokens * (tokens / 100_000), `about ${Math.round(tokens)} tokens`);
  const dollars = candidate.cost_usd ?? 0;
  add('cost', -weights.cost * dollars, `about ${dollars.toFixed(2)} US dollars`);
  const load = candidate.load ?? 0;
  add('load', -weights.load * haste * load, `${percent(load)} busy`);
  return terms;
}

function successWords(success: Prediction['success'], chance: number): string {
  if (!success) return `success not predicted, taken as ${percent(chance)}`;
  if (success.no_idea) return `nothing known of its success, taken as ${percent(chance)}`;
  const { similar_of_master, master_rows } = success.evidence;
  return `succeeds with ${percent(chance)} (usually ${percent(success.base_rate)}; ${master_rows} past tasks, ${similar_of_master} like this)`;
}

function explain(ranked: UtilityChoice['ranked']): string[] {
  const [first, second] = ranked;
  const lines = [
    `${first!.master}: ${first!.terms.map((term) => term.words).join(', ')}; utility ${first!.utility.toFixed(3)}`,
  ];
  if (!second) return lines;
  const names = new Set([...first!.terms, ...second.terms].map((term) => term.name));
  const valueIn = (terms: readonly UtilityTerm[], name: string) => terms.find((t) => t.name === name)?.value ?? 0;
  const differences = [...names]
    .map((name) => ({ name, by: valueIn(first!.terms, name) - valueIn(second.terms, name) }))
    .filter(({ by }) => Math.abs(by) >= 0.0005)
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  const parts = differences.map(({ name, by }) => `${name} ${by > 0 ? '+' : '−'}${Math.abs(by).toFixed(3)}`);
  lines.push(
    `before ${second.master} (${second.utility.toFixed(3)}): ${parts.join(', ') || 'equal, the order decides'}`,
  );
  return lines;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
