// How likely is it that any master fits at all? A logistic regression over what the voices noticed, not one score alone.
// The one thing to know: it is fitted on rows no voice was trained on, against texts no master fits; where nobody collected such texts,
// rows of labels that were kept out of training stand in for them.
import { fitLogistic, type LogisticModel, largest, logisticOdds } from '../calibration/index.js';

export interface ScopeExample {
  odds: ArrayLike<number>;
  /** What the voices noticed, in the order of the names given to `fitScope`. */
  signals: ArrayLike<number>;
}

export interface ScopeModel {
  logistic: LogisticModel;
  /** 'given': texts that no master fits were in the training rows; 'left-out': labels kept out stood in for them; 'none': no evidence. */
  outsiders: 'given' | 'left-out' | 'none';
  /** Expected share of tasks that no master fits, on which the probabilities rest. */
  outsideShare: number;
}

const ODDS_FEATURES = ['logit of the best odds', 'best against second'];

/** The features of one text: two of the odds, then the voices' signals. */
export function scopeFeatures({ odds, signals }: ScopeExample): Float64Array {
  const best = largest(odds);
  let second = 1e-6;
  for (let k = 0; k < odds.length; k++) if (k !== best && odds[k]! > second) second = odds[k]!;
  const top = Math.min(1 - 1e-6, Math.max(1e-6, odds[best] ?? 1e-6));
  const features = new Float64Array(ODDS_FEATURES.length + signals.length);
  features[0] = Math.log(top / (1 - top));
  features[1] = Math.log(top / second);
  for (let i = 0; i < signals.length; i++) features[ODDS_FEATURES.length + i] = signals[i]!;
  return features;
}

/**
 * Both sides weigh the same in the fit, however few outsiders there are; the probabilities are then moved to the share to expect.
 * @param outsideShare the share of outsiders to expect in use.
 */
export async function fitScope(
  names: readonly string[],
  inside: readonly ScopeExample[],
  outside: readonly ScopeExample[],
  outsiders: 'given' | 'left-out',
  outsideShare: number,
): Promise<ScopeModel> {
  if (!inside.length || !outside.length) return priorScope(names, outsideShare);
  const rows = [...inside, ...outside].map(scopeFeatures);
  const width = rows[0]!.length;
  const flat = new Float64Array(rows.length * width);
  rows.forEach((row, r) => {
    flat.set(row, r * width);
  });
  const positive = rows.map((_, r) => r < inside.length);
  const rowWeights = positive.map((yes) => 0.5 / (yes ? inside.length : outside.length));
  const features = [...ODDS_FEATURES, ...names];
  const logistic = await fitLogistic(features, flat, positive, { rowWeights, penalty: 0.001 });
  logistic.bias += Math.log((1 - outsideShare) / outsideShare);
  return { logistic, outsiders, outsideShare };
}

/** Stated curves for when there is nothing to learn from: even odds at `mean`, and how fast they turn. */
const PRIOR_CURVES: Record<string, { mean: number; spread: number }> = {
  'nearest cosine': { mean: 0.45, spread: 0.07 },
  'known words': { mean: 0.4, spread: 0.12 },
};

/**
 * Too few rows to learn from: what is near to a past task (or, without an encoder, made of known words) is likely inside.
 * Signals that no stated curve is known for do not count; without any, only the expected share is left.
 */
export function priorScope(names: readonly string[], outsideShare: number): ScopeModel {
  const features = [...ODDS_FEATURES, ...names];
  const used = names.includes('nearest cosine') ? 'nearest cosine' : 'known words';
  const curves = features.map((name) => (name === used ? PRIOR_CURVES[name] : undefined));
  const logistic: LogisticModel = {
    features,
    mean: curves.map((curve) => curve?.mean ?? 0),
    spread: curves.map((curve) => curve?.spread ?? 1),
    weights: curves.map((curve) => (curve ? 1 : 0)),
    bias: curves.some(Boolean) ? 0 : Math.log((1 - outsideShare) / outsideShare),
  };
  return { logistic, outsiders: 'none', outsideShare };
}

/** Probability that some master fits. */
export function scopeOdds(model: ScopeModel, example: ScopeExample): number {
  return logisticOdds(model.logistic, scopeFeatures(example));
}
