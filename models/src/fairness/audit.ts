// Is everybody served alike? Accuracy, abstention, calibration and waiting time of every slice against all other rows.
// The one thing to know: many slices times four figures are many chances to be fooled, so a gap counts only when it is large enough to matter
// and still significant after Holm's correction (1979) over all of them.

/** One decided task. */
export interface AuditRow {
  /** Its value in each dimension, such as {source: "github", language: "en"}; dimensions may be missing. */
  readonly slices: Readonly<Record<string, string>>;
  /** Whether the right master was chosen; undefined: nobody knows. */
  readonly right?: boolean | undefined;
  readonly abstained: boolean;
  readonly confidence: number;
  /** Milliseconds from decision to outcome. */
  readonly waitMs?: number | undefined;
}

export interface AuditOptions {
  /** Rows a slice needs to be judged. Default 30. */
  readonly leastRows?: number;
  /** Error probability over the whole audit. Default 0.05. */
  readonly alpha?: number;
  /** Gaps smaller than this are no matter: shares, and waiting time as a ratio minus one. Default 0.05 and 0.5. */
  readonly tolerance?: { readonly share?: number; readonly waiting?: number };
}

export type Figure = 'accuracy' | 'abstention' | 'calibration' | 'waiting';

export interface Gap {
  readonly dimension: string;
  readonly value: string;
  readonly figure: Figure;
  readonly rows: number;
  /** The figure of this slice and of all others. Calibration: mean confidence minus accuracy. Waiting: geometric mean, ms. */
  readonly here: number;
  readonly elsewhere: number;
  /** `here` minus `elsewhere` (waiting: ratio minus one), with its 95 % interval. */
  readonly gap: number;
  readonly low: number;
  readonly high: number;
  /** Chance of such a gap without any difference, after Holm's correction. */
  readonly p: number;
  /** The slice is worse off, by enough to matter, and not by chance. */
  readonly unfair: boolean;
}

export interface AuditReport {
  readonly rows: number;
  readonly tests: number;
  /** Worst first. */
  readonly gaps: readonly Gap[];
  readonly passes: boolean;
  readonly reasons: readonly string[];
  /** Slices with too few rows to be judged. */
  readonly unjudged: readonly string[];
}

/** Larger is worse for these; smaller is worse for accuracy. */
const WORSE_UP: Record<Figure, boolean> = { accuracy: false, abstention: true, calibration: true, waiting: true };
/** Values of a dimension that are looked at: the most frequent. */
const MOST_VALUES = 50;

export function auditFairness(rows: readonly AuditRow[], options: AuditOptions = {}): AuditReport {
  const { leastRows = 30, alpha = 0.05 } = options;
  const tolerance = { share: options.tolerance?.share ?? 0.05, waiting: options.tolerance?.waiting ?? 0.5 };
  const raw: Omit<Gap, 'unfair'>[] = [];
  const unjudged: string[] = [];
  for (const [dimension, values] of slicesOf(rows)) {
    if (values.length < 2) continue;
    for (const { value, inside } of values) {
      if (inside.length < leastRows) {
        unjudged.push(`${dimension} ${value}`);
        continue;
      }
      const outside = rows.filter((row) => dimension in row.slices && row.slices[dimension] !== value);
      for (const figure of ['accuracy', 'abstention', 'calibration', 'waiting'] as const) {
        const compared = compare(figure, inside, outside, leastRows);
        if (compared) raw.push({ dimension, value, figure, ...compared });
      }
    }
  }
  const corrected = holm(raw.map(({ p }) => p));
  const gaps = raw
    .map((gap, i) => {
      const p = corrected[i] ?? 1;
      const size = WORSE_UP[gap.figure] ? gap.gap : -gap.gap;
      const limit = gap.figure === 'waiting' ? tolerance.waiting : tolerance.share;
      return { ...gap, p, unfair: p < alpha && size >= limit };
    })
    .sort((a, b) => Number(b.unfair) - Number(a.unfair) || a.p - b.p || Math.abs(b.gap) - Math.abs(a.gap));
  const reasons = gaps.filter((gap) => gap.unfair).map(inWords);
  return { rows: rows.length, tests: raw.length, gaps, passes: reasons.length === 0, reasons, unjudged };
}

function slicesOf(rows: readonly AuditRow[]): [string, { value: string; inside: AuditRow[] }[]][] {
  const dimensions = new Map<string, Map<string, AuditRow[]>>();
  for (const row of rows) {
    for (const [dimension, value] of Object.entries(row.slices)) {
      const values = dimensions.get(dimension) ?? new Map<string, AuditRow[]>();
      dimensions.set(dimension, values);
      const inside = values.get(value);
      if (inside) inside.push(row);
      else values.set(value, [row]);
    }
  }
  return [...dimensions].map(([dimension, values]) => [
    dimension,
    [...values]
      .map(([value, inside]) => ({ value, inside }))
      .sort((a, b) => b.inside.length - a.inside.length)
      .slice(0, MOST_VALUES),
  ]);
}

type Compared = Pick<Gap, 'rows' | 'here' | 'elsewhere' | 'gap' | 'low' | 'high' | 'p'>;

/** Welch's comparison of two means; shares are means of zeros and ones. */
function compare(
  figure: Figure,
  inside: readonly AuditRow[],
  outside: readonly AuditRow[],
  least: number,
): Compared | undefined {
  const a = numbers(figure, inside);
  const b = numbers(figure, outside);
  if (a.length < least || b.length < least) return undefined;
  const [here, spreadHere] = moments(a);
  const [elsewhere, spreadElsewhere] = moments(b);
  const difference = here - elsewhere;
  const error = Math.sqrt(spreadHere / a.length + spreadElsewhere / b.length);
  const p = error > 0 ? 2 * upperTail(Math.abs(difference) / error) : difference === 0 ? 1 : 0;
  const scale = (x: number) => (figure === 'waiting' ? Math.expm1(x) : x);
  const back = (x: number) => (figure === 'waiting' ? Math.exp(x) : x);
  return {
    rows: a.length,
    here: back(here),
    elsewhere: back(elsewhere),
    gap: scale(difference),
    low: scale(difference - 1.96 * error),
    high: scale(difference + 1.96 * error),
    p,
  };
}

function numbers(figure: Figure, rows: readonly AuditRow[]): number[] {
  switch (figure) {
    case 'accuracy':
      return rows.flatMap((row) => (row.right === undefined ? [] : [Number(row.right)]));
    case 'abstention':
      return rows.map((row) => Number(row.abstained));
    case 'calibration':
      return rows.flatMap((row) => (row.right === undefined ? [] : [row.confidence - Number(row.right)]));
    case 'waiting':
      return rows.flatMap((row) => (row.waitMs === undefined ? [] : [Math.log(Math.max(1, row.waitMs))]));
  }
}

/** Mean and variance, with half a row of each extreme added so that a slice without any miss is not taken for certain. */
function moments(values: readonly number[]): [mean: number, variance: number] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return [mean, (spread + 0.5) / Math.max(1, values.length - 1)];
}

/** Corrected p-values in the order given (Holm 1979). */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => (p[a] ?? 1) - (p[b] ?? 1));
  const corrected = new Array<number>(p.length).fill(1);
  let highest = 0;
  order.forEach((i, rank) => {
    highest = Math.max(highest, Math.min(1, (p[i] ?? 1) * (p.length - rank)));
    corrected[i] = highest;
  });
  return corrected;
}

/** P(Z > z) of a standard normal: Abramowitz & Stegun 7.1.26, absolute error below 1.5e-7. */
export function upperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * poly * Math.exp(-x * x);
  return z >= 0 ? tail : 1 - tail;
}

function inWords({ dimension, value, figure, here, elsewhere, rows, low, high }: Gap): string {
  const number = (x: number) => (figure === 'waiting' ? `${Math.round(x)} ms` : x.toFixed(3));
  return `${dimension} ${value}: ${figure} ${number(here)} against ${number(elsewhere)} elsewhere (${rows} rows, gap ${low.toFixed(3)} to ${high.toFixed(3)})`;
}
