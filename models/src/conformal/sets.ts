// Sets of masters that hold the right one at a chosen rate, whatever the model's mistakes.
// Source: split conformal prediction with the least ambiguous sets (Sadinle, Lei & Wasserman 2019): a label is inside when its
// odds reach a threshold read off rows no voice was trained on.
// The one thing to know: where the best guess is right more often than the rate, an honest set is sometimes empty:
// nothing conforms. `candidates` then still names the likely ones, for the person who decides.

export interface ConformalThresholds {
  /** The share of rows whose right label is inside, e.g. 0.9. */
  rate: number;
  /** Odds from which a label is inside; one per label, since rare labels have a floor of their own. */
  thresholds: number[];
  /** Rows it rests on. */
  rows: number;
}

export interface ConformalOptions {
  /** Default 0.9. */
  rate?: number;
  /** No label's own rows may be covered less than this, whatever the rest gets. Default 0.75. */
  floor?: number;
}

/**
 * @param oddsOfTruth odds that each row's right label got; @param truth its number.
 * Labels with too few rows for a floor of their own keep the common threshold.
 */
export function fitConformal(
  oddsOfTruth: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
  options: ConformalOptions = {},
): ConformalThresholds {
  const { rate = 0.9, floor = 0.75 } = options;
  const rows = oddsOfTruth.length;
  const own: number[][] = Array.from({ length: labels }, () => []);
  for (let i = 0; i < rows; i++) own[truth[i]!]!.push(oddsOfTruth[i]!);
  const ceilings = own.map((odds) => lowerQuantile(odds, floor) ?? 1);
  const all = Array.from(oddsOfTruth).sort((a, b) => a - b);
  // The floor lets some labels in earlier, so the common threshold may rise until the rate holds over all rows again.
  let below = 0;
  let above = all.length;
  const wanted = Math.min(rows, Math.ceil((rows + 1) * rate));
  const covered = (common: number) => {
    let inside = 0;
    for (let i = 0; i < rows; i++) if (oddsOfTruth[i]! >= Math.min(common, ceilings[truth[i]!]!)) inside++;
    return inside;
  };
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (covered(all[middle]!) >= wanted) below = middle;
    else above = middle;
  }
  const common = all[below] ?? 0;
  return { rate, thresholds: ceilings.map((ceiling) => Math.min(common, ceiling)), rows };
}

/** The value that at least `share` of future odds of the same kind reach; undefined when the rows are too few to say. */
function lowerQuantile(odds: readonly number[], share: number): number | undefined {
  const sorted = [...odds].sort((a, b) => b - a);
  const rank = Math.ceil((sorted.length + 1) * share);
  return rank <= sorted.length ? sorted[rank - 1] : undefined;
}

/** Numbers of the labels inside, likeliest first; possibly none. */
export function conformalSet(thresholds: ConformalThresholds, odds: ArrayLike<number>): number[] {
  const inside: number[] = [];
  for (let k = 0; k < odds.length; k++) if (odds[k]! >= (thresholds.thresholds[k] ?? 1)) inside.push(k);
  return inside.sort((a, b) => odds[b]! - odds[a]!);
}

/** The fewest labels, likeliest first, whose odds add up to the rate: never empty. */
export function likeliestSet(odds: ArrayLike<number>, rate: number): number[] {
  const order = Array.from({ length: odds.length }, (_, k) => k).sort((a, b) => odds[b]! - odds[a]!);
  const set: number[] = [];
  let sum = 0;
  for (const k of order) {
    set.push(k);
    sum += odds[k]!;
    if (sum >= rate) break;
  }
  return set;
}
