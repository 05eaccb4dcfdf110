// The figures of `evaluate policy`, each from the masters' predicted chances and their known results.
// The one thing to know: cheapest and best master and the price are the training's; the test rows are only counted.
import { bootstrapInterval, type Interval, mean } from '../../metrics/index.js';
import { type LearnedPolicy, type PolicyRow, pickAtPrice, pricesOf } from '../../policy/index.js';

export interface PolicyFigure {
  success: number;
  cost: number;
}

export interface CurvePoint extends PolicyFigure {
  /** Share of tasks that did not go to the cheapest master. */
  share: number;
}

/** Success and cost when row i goes to master pick(i). */
export function figureOf(rows: readonly PolicyRow[], pick: (row: number) => string): PolicyFigure {
  const picks = rows.map((_, i) => pick(i));
  return {
    success: mean(rows.map((row, i) => row.scores[picks[i]!]!)),
    cost: mean(rows.map((row, i) => row.costs[picks[i]!]!)),
  };
}

/** The cheapest master that succeeds, else the cheapest. */
export function oracleFigure(rows: readonly PolicyRow[], masters: readonly string[]): PolicyFigure {
  return figureOf(rows, (i) => {
    const { scores, costs } = rows[i]!;
    return masters.reduce((a, b) => {
      const more = scores[b]! - scores[a]!;
      return more > 0 || (more === 0 && costs[b]! < costs[a]!) ? b : a;
    });
  });
}

/** Every master with the same chance. */
export function randomFigure(rows: readonly PolicyRow[], masters: readonly string[]): PolicyFigure {
  return {
    success: mean(rows.map((row) => mean(masters.map((m) => row.scores[m]!)))),
    cost: mean(rows.map((row) => mean(masters.map((m) => row.costs[m]!)))),
  };
}

/** Success over cost while the price of cost falls from "always the cheapest" to "cost is no object". */
export function curveOf(
  policy: LearnedPolicy,
  rows: readonly PolicyRow[],
  chances: readonly (readonly number[])[],
): CurvePoint[] {
  const cheap = policy.masters[policy.cheapest]!;
  const prices = [...pricesOf(policy, chances), Number.MAX_VALUE].reverse();
  const points = prices.map((price) => {
    const picks = chances.map((row) => policy.masters[pickAtPrice(policy, row, price)]!);
    const share = mean(picks.map((m) => Number(m !== cheap)));
    return { share, ...figureOf(rows, (i) => picks[i]!) };
  });
  const best = policy.masters[policy.best]!;
  // The far end, for comparison: everything to the best master, whatever was predicted.
  return [...points, { share: policy.best === policy.cheapest ? 0 : 1, ...figureOf(rows, () => best) }];
}

export interface Area {
  /** Null when the best master is the cheapest, or no better than it on these rows: there is no gain to share. */
  area: number | null;
  area_interval: Interval | null;
}

/** Share of the gain between cheapest and best master, averaged over sending 0 to 100 % of the tasks, most promising first, to the best. */
export function areaOf(
  policy: LearnedPolicy,
  rows: readonly PolicyRow[],
  chances: readonly (readonly number[])[],
  seed: number,
): Area {
  const cheap = policy.masters[policy.cheapest]!;
  const best = policy.masters[policy.best]!;
  const promise = chances.map((row) => row[policy.best]! - row[policy.cheapest]!);
  const gain = rows.map((row) => row.scores[best]! - row.scores[cheap]!);
  // A stable sort: of equal promise the earlier row goes first, which says nothing of its result.
  const order = rows.map((_, i) => i).sort((a, b) => promise[b]! - promise[a]!);
  const area = sharedGain(order, gain, new Int32Array(rows.length).fill(1));
  if (cheap === best || area === null) return { area: null, area_interval: null };
  const times = new Int32Array(rows.length);
  const interval = bootstrapInterval(
    rows.length,
    (drawn) => {
      times.fill(0);
      for (const i of drawn) times[i]!++;
      return sharedGain(order, gain, times) ?? 0.5;
    },
    { seed, rounds: 500 },
  );
  return { area, area_interval: interval };
}

/** @param times how often each row counts. */
function sharedGain(order: readonly number[], gain: readonly number[], times: Int32Array): number | null {
  let total = 0;
  let points = 1;
  for (const i of order) {
    total += times[i]! * gain[i]!;
    points += times[i]!;
  }
  if (total <= 0) return null;
  let sent = 0;
  let sum = 0;
  for (const i of order) {
    for (let k = 0; k < times[i]!; k++) {
      sent += gain[i]!;
      sum += sent / total;
    }
  }
  // The first of the points, nobody sent, has gained nothing.
  return sum / points;
}
