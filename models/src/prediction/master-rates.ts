// What each master usually does, pulled towards all masters by how little is known of it (empirical Bayes).
// Source: James & Stein 1961 / Morris 1983; the strength of the pull is the ratio of the variance within to that between masters.
// The one thing to know: works on any target: success as 0/1, or a logarithm of minutes.

export interface MasterRates {
  overall: number;
  /** Rows' worth of evidence that the overall mean counts for. */
  strength: number;
  masters: Record<string, { rows: number; mean: number }>;
}

const WEAKEST = 2;
const STRONGEST = 200;

export function fitMasterRates(masters: readonly string[], targets: ArrayLike<number>, rows: Int32Array): MasterRates {
  const sums = new Map<string, { rows: number; sum: number; squares: number }>();
  let total = 0;
  for (const r of rows) {
    const y = targets[r]!;
    total += y;
    const own = sums.get(masters[r]!) ?? { rows: 0, sum: 0, squares: 0 };
    own.rows++;
    own.sum += y;
    own.squares += y * y;
    sums.set(masters[r]!, own);
  }
  const overall = rows.length ? total / rows.length : 0;
  let within = 0;
  let between = 0;
  let squaredRows = 0;
  for (const own of sums.values()) {
    const mean = own.sum / own.rows;
    within += own.squares - own.rows * mean * mean;
    between += own.rows * (mean - overall) ** 2;
    squaredRows += own.rows * own.rows;
  }
  const groups = sums.size;
  const noise = within / Math.max(1, rows.length - groups);
  const spread = rows.length - squaredRows / Math.max(1, rows.length);
  const signal = spread > 0 ? (between - (groups - 1) * noise) / spread : 0;
  const strength = signal > 0 ? Math.min(STRONGEST, Math.max(WEAKEST, noise / signal)) : STRONGEST;
  const known = [...sums].map(([name, own]) => [name, { rows: own.rows, mean: own.sum / own.rows }] as const);
  return { overall, strength, masters: Object.fromEntries(known) };
}

/** The overall mean for a master that was never seen. */
export function masterRate(rates: MasterRates, master: string): number {
  const own = Object.hasOwn(rates.masters, master) ? rates.masters[master] : undefined;
  if (!own) return rates.overall;
  return (own.rows * own.mean + rates.strength * rates.overall) / (own.rows + rates.strength);
}

export function masterRows(rates: MasterRates, master: string): number {
  return Object.hasOwn(rates.masters, master) ? rates.masters[master]!.rows : 0;
}
