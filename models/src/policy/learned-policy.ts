// Which master to send a task to when every master's past result is known: predicted success against a price for cost.
// The one thing to know: the price is chosen on held-out predictions of the training rows: the cheapest policy that is within one
// standard error of the most successful one (Breiman et al. 1984). Costs are the masters' mean training costs, never the row's own.
import type { Encoder } from '../encoder/index.js';
import { mean } from '../metrics/index.js';
import {
  type FittedPredictor,
  fitPredictor,
  type OutcomeRow,
  PredictionDataError,
  type Predictor,
} from '../prediction/index.js';

/** One task with the result and the cost of every master. */
export interface PolicyRow {
  text: string;
  at?: number;
  features?: Readonly<Record<string, unknown>>;
  /** Master → success, 0 to 1. */
  scores: Readonly<Record<string, number>>;
  /** Master → cost, any one unit. */
  costs: Readonly<Record<string, number>>;
}

export interface LearnedPolicy {
  masters: string[];
  /** Mean training cost and success of each master, in that order. */
  costs: number[];
  rates: number[];
  /** The lowest cost, and the highest success in training (the cheaper one of equals); indices into `masters`. */
  cheapest: number;
  best: number;
  /** Success that one unit of cost has to bring. */
  price: number;
  predictor: Predictor;
}

export interface TrainPolicyOptions {
  encoder?: Encoder | undefined;
  /** Default 1. */
  seed?: number;
  /** A trained predictor to use instead of training one; the price is then chosen by what it says of `rows`. */
  predictor?: Predictor | undefined;
  onProgress?: ((progress: { stage: string; share: number }) => void) | undefined;
}

/** @param rows each with all `masters` in scores and costs. */
export async function trainPolicy(
  rows: readonly PolicyRow[],
  masters: readonly string[],
  options: TrainPolicyOptions = {},
) {
  const outcomes = rows.flatMap((row) => masters.map((master) => outcomeOf(row, master)));
  const fitted = options.predictor ? undefined : await fitPredictor(outcomes, options);
  const predictor = options.predictor ?? fitted?.predictor;
  if (!predictor?.state.success)
    throw new PredictionDataError('The model does not predict success: train it on rows with results.');
  const costs = masters.map((m) => mean(rows.map((row) => row.costs[m]!)));
  const rates = masters.map((m) => mean(rows.map((row) => row.scores[m]!)));
  const policy: LearnedPolicy = {
    masters: [...masters],
    costs,
    rates,
    cheapest: costs.indexOf(Math.min(...costs)),
    best: masters.map((_, m) => m).sort((a, b) => rates[b]! - rates[a]! || costs[a]! - costs[b]!)[0]!,
    price: 0,
    predictor,
  };
  const said = fitted ? heldChances(fitted, outcomes, masters.length) : await policyChances(policy, rows);
  const tried = rows.flatMap((row, r) => (said[r]!.some(Number.isNaN) ? [] : [{ row, chances: said[r]! }]));
  if (tried.length) policy.price = choosePrice(policy, tried);
  return policy;
}

/** What the models that did not see a row say of it, by row and master; NaN for rows too old to have been used. */
function heldChances({ held, rows }: FittedPredictor, outcomes: readonly OutcomeRow[], size: number): number[][] {
  const numbers = new Map(rows.map((row, i) => [row, i]));
  const all = outcomes.map((row) => held.success?.[numbers.get(row) ?? -1] ?? Number.NaN);
  return Array.from({ length: outcomes.length / size }, (_, r) => all.slice(r * size, (r + 1) * size));
}

function outcomeOf(row: PolicyRow, master: string): OutcomeRow {
  const { text, at, features } = row;
  return { text, master, success: row.scores[master]!, ...(at !== undefined && { at }), ...(features && { features }) };
}

/** Chance of success of each master for each task. */
export async function policyChances(policy: LearnedPolicy, rows: readonly Omit<PolicyRow, 'scores' | 'costs'>[]) {
  const chances: number[][] = [];
  for (let from = 0; from < rows.length; from += 64) {
    const part = rows.slice(from, from + 64);
    const queries = part.flatMap(({ text, at, features }) =>
      policy.masters.map((master) => ({
        text,
        master,
        ...(at !== undefined && { at }),
        ...(features && { features }),
      })),
    );
    const answers = await policy.predictor.predict(queries);
    const size = policy.masters.length;
    part.forEach((_, i) => {
      chances.push(answers.slice(i * size, (i + 1) * size).map((a) => a.success!.p));
    });
  }
  return chances;
}

/** The master (its number) that is worth most at a price; of equals the cheaper. */
export function pickAtPrice(policy: LearnedPolicy, chances: readonly number[], price = policy.price): number {
  let pick = policy.cheapest;
  for (let m = 0; m < chances.length; m++) {
    const gain = chances[m]! - chances[pick]! - price * (policy.costs[m]! - policy.costs[pick]!);
    if (gain > 1e-12) pick = m;
  }
  return pick;
}

/** Prices at which some task changes its master, thinned to 101, from "cost is no object" upwards. */
export function pricesOf(policy: LearnedPolicy, chances: readonly (readonly number[])[]): number[] {
  const turns = new Set<number>([0]);
  const base = policy.costs[policy.cheapest]!;
  for (const row of chances) {
    row.forEach((chance, m) => {
      const dearer = policy.costs[m]! - base;
      const price = (chance - row[policy.cheapest]!) / dearer;
      if (dearer > 0 && price > 0) turns.add(price * (1 + 1e-9));
    });
  }
  const all = [...turns].sort((a, b) => a - b);
  return Array.from({ length: Math.min(101, all.length) }, (_, i) => {
    const last = Math.min(101, all.length) - 1;
    return all[last ? Math.round((i * (all.length - 1)) / last) : 0]!;
  });
}

function choosePrice(policy: LearnedPolicy, tried: readonly { row: PolicyRow; chances: number[] }[]): number {
  const results = pricesOf(
    policy,
    tried.map((t) => t.chances),
  ).map((price) => {
    const picks = tried.map((t) => policy.masters[pickAtPrice(policy, t.chances, price)]!);
    return {
      price,
      hits: tried.map((t, i) => t.row.scores[picks[i]!]!),
      cost: mean(tried.map((t, i) => t.row.costs[picks[i]!]!)),
    };
  });
  const top = results.reduce((a, b) => (mean(b.hits) > mean(a.hits) ? b : a));
  const near = results.filter((r) => {
    const losses = r.hits.map((hit, i) => top.hits[i]! - hit);
    const loss = mean(losses);
    return loss <= Math.sqrt(mean(losses.map((l) => (l - loss) ** 2)) / losses.length);
  });
  return near.reduce((a, b) => (b.cost < a.cost ? b : a), top).price;
}
