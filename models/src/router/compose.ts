// From the voices' joint odds to a decision: newcomers get their share, removed masters lose theirs, sets and abstention follow.
// The one thing to know: what removed masters would have got is not handed to the others; it lowers the probability that any master fits.
import { largest, logisticOdds, softmaxInPlace } from '../calibration/index.js';
import { conformalSet, likeliestSet } from '../conformal/index.js';
import type { Vote } from '../experts/expert.js';
import type { RouterState } from './state.js';
import { abstainBelow, type RouteOptions, type RouteResult, type Stage } from './types.js';
import { CLOSENESS_SCALE } from './voices/profile.js';
import { hasRules } from './voices/rules.js';

/** What rules weigh beside descriptions where there are no rows to learn it from. */
const RULE_SHARE = 0.7;

export interface Verdict {
  stage: Stage;
  /** Odds of the labels with rows, in the state's order. */
  odds: ArrayLike<number>;
  scope: number;
  /** Masters without rows. */
  newcomers: readonly { name: string; closeness: number }[];
  /** What the rules said; decides alone in the stage 'rule', and speaks among described masters. */
  rule?: Vote;
}

/** A result without what only the router knows: votes, reasons, times. */
export type Composed = Omit<RouteResult, 'experts' | 'explanation' | 'latency_ms' | 'encoder_ms' | 'sure'>;

export function compose(state: RouterState, verdict: Verdict, options: RouteOptions): Composed {
  const registered = new Set(options.masters ?? state.masters.map(({ name }) => name));
  const allowed = state.labels.map((label) => registered.has(label));
  const newcomers = verdict.newcomers.filter(({ name }) => registered.has(name));
  const names = [...state.labels.filter((_, k) => allowed[k]), ...newcomers.map(({ name }) => name)];
  const threshold = abstainBelow(state.costs);
  const common = { threshold, method: 'ensemble' as const, exit: verdict.stage };
  if (!names.length) {
    const nothing = { master: null, probabilities: {}, confidence: 0, scope: 0, candidates: [], conformal: [] };
    return { ...nothing, abstain: true, abstain_reason: 'no-master', ...common };
  }
  if (verdict.stage === 'rule' && verdict.rule) return byRule(names, verdict.rule, threshold);
  const kept = state.labels.flatMap((_, k) => (allowed[k] ? [verdict.odds[k]!] : []));
  const { odds, scope } = share(state, kept, verdict, newcomers);
  const best = largest(odds);
  const confidence = odds[best]!;
  const right = confidence * scope;
  const sets = state.sets?.[options.useCascade === false ? (verdict.stage === 'full' ? 'full' : 'words') : 'cascade'];
  const thresholds = sets && {
    ...sets,
    thresholds: names.map((name) => sets.thresholds[state.labels.indexOf(name)] ?? 0.5),
  };
  const rate = sets?.rate ?? 0.9;
  const conformal = thresholds ? conformalSet(thresholds, odds) : likeliestSet(odds, rate);
  const abstain = right < threshold;
  return {
    master: names[best]!,
    probabilities: namedOdds(names, odds),
    confidence,
    scope,
    candidates: likeliestSet(odds, rate).map((k) => names[k]!),
    conformal: conformal.map((k) => names[k]!),
    abstain,
    // The larger of the two doubts is named.
    abstain_reason: abstain ? (scope < confidence ? 'out-of-scope' : 'unsure') : null,
    ...common,
  };
}

function byRule(names: readonly string[], { probabilities }: Vote, threshold: number): Composed {
  const master = names.reduce((best, name) => ((probabilities[name] ?? 0) > (probabilities[best] ?? 0) ? name : best));
  return {
    master,
    probabilities: Object.fromEntries(
      names.flatMap((name) => (probabilities[name] ? [[name, probabilities[name]]] : [])),
    ),
    confidence: probabilities[master] ?? 0,
    scope: 1,
    candidates: [master],
    conformal: [master],
    abstain: false,
    abstain_reason: null,
    threshold,
    method: 'rule',
    exit: 'rule',
  };
}

/** Odds over the kept labels and then the newcomers, given that one fits; and the probability that one does. */
function share(state: RouterState, kept: readonly number[], verdict: Verdict, newcomers: Verdict['newcomers']) {
  const closeness = newcomers.map((one) => one.closeness);
  if (!state.labels.length) return described(state, newcomers, verdict.rule);
  const odds = new Float64Array(kept.length + closeness.length);
  const mass = kept.reduce((sum, value) => sum + value, 0);
  const fits = closeness.map((value) => logisticOdds(state.newcomer, [value]));
  const inside = verdict.scope * mass;
  const wanted = fits.reduce((sum, fit) => sum + fit, 0);
  const nobody = fits.reduce((product, fit) => product * (1 - fit), 1);
  const claimed = (1 - inside) * (1 - nobody);
  kept.forEach((value, k) => {
    odds[k] = mass > 0 ? (value / mass) * inside : 0;
  });
  fits.forEach((fit, m) => {
    odds[kept.length + m] = wanted > 0 ? (fit / wanted) * claimed : 0;
  });
  const scope = inside + claimed;
  if (scope > 0) for (let i = 0; i < odds.length; i++) odds[i]! /= scope;
  else odds.fill(1 / odds.length);
  return { odds, scope };
}

/** Descriptions and rules only: the closest wins; how close it is says whether any fits. */
function described(state: RouterState, newcomers: Verdict['newcomers'], rule: Vote | undefined) {
  const top = Math.max(...newcomers.map(({ closeness }) => closeness));
  // A name that occurs is no rule: it is among the words in common already. Written keywords and patterns are.
  const spoken = rule && !rule.abstained && hasRules(state.masters) ? rule : undefined;
  const odds = Float64Array.from(newcomers, ({ name, closeness }) => {
    const said = spoken ? RULE_SHARE * Math.log(Math.max(1e-3, spoken.probabilities[name] ?? 0)) : 0;
    return CLOSENESS_SCALE * closeness + said;
  });
  softmaxInPlace(odds);
  return { odds, scope: logisticOdds(state.newcomer, [top]) };
}

/** Odds by name; with many labels those under 1 in 10,000 are left out. */
export function namedOdds(labels: readonly string[], odds: ArrayLike<number>): Record<string, number> {
  const smallest = labels.length > 30 ? 1e-4 : 0;
  // From entries, so that a master may be called anything, "__proto__" too.
  return Object.fromEntries(labels.flatMap((label, k) => (odds[k]! >= smallest ? [[label, odds[k]!]] : [])));
}
