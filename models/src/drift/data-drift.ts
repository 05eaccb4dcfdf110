// Do today's tasks look like those that were learnt from? Words, shares (label, source, priority …) and numbers (confidence, length), each with
// a test and an effect; what changed most comes first.
// The one thing to know: with thousands of rows everything is "significant", so a finding must also be large: it is ranked, and counted as
// drift, by its effect.
import { holm, upperTail } from '../fairness/audit.js';

export interface DriftRow {
  readonly text?: string;
  /** Such as {label: "security", source: "github"}. */
  readonly shares?: Readonly<Record<string, string>>;
  /** Such as {confidence: 0.9}. */
  readonly numbers?: Readonly<Record<string, number>>;
}

export interface DriftOptions {
  /** Error probability over the whole report. Default 0.01. */
  readonly alpha?: number;
  /** Effects below this are no drift: 0 is the same, 1 has nothing in common. Default 0.1. */
  readonly leastEffect?: number;
  /** Rows each side needs. Default 50. */
  readonly leastRows?: number;
}

export interface DriftFinding {
  readonly kind: 'words' | 'shares' | 'numbers';
  readonly name: string;
  /**
   * 0 to 1. Shares and words: total variation distance beyond what chance alone would give. Numbers: largest distance between the two
   * distribution functions (Kolmogorov–Smirnov).
   */
  readonly effect: number;
  /** After Holm's correction. */
  readonly p: number;
  readonly drifted: boolean;
  /** What changed most: value, share before, share now. */
  readonly changes: readonly { readonly value: string; readonly before: number; readonly now: number }[];
}

export interface DriftReport {
  readonly before: number;
  readonly now: number;
  /** Largest effect first. */
  readonly findings: readonly DriftFinding[];
  readonly drifted: boolean;
  /** Why nothing was judged. */
  readonly note?: string;
}

/** Words looked at: the most frequent of both sides together. */
const MOST_WORDS = 500;

export function dataDrift(
  before: readonly DriftRow[],
  now: readonly DriftRow[],
  options: DriftOptions = {},
): DriftReport {
  const { alpha = 0.01, leastEffect = 0.1, leastRows = 50 } = options;
  const sizes = { before: before.length, now: now.length };
  if (before.length < leastRows || now.length < leastRows)
    return { ...sizes, findings: [], drifted: false, note: `each side needs ${leastRows} rows` };
  const raw: Omit<DriftFinding, 'drifted'>[] = [];
  for (const name of namesOf(before, now, (row) => row.shares)) {
    const values = (rows: readonly DriftRow[]) => rows.map((row) => [row.shares?.[name] ?? '']);
    raw.push({ kind: 'shares', name, ...sharesDrift(values(before), values(now)) });
  }
  if (before.some((row) => row.text) && now.some((row) => row.text)) {
    const values = (rows: readonly DriftRow[]) => rows.map((row) => wordsOf(row.text ?? ''));
    raw.push({ kind: 'words', name: 'text', ...sharesDrift(values(before), values(now)) });
  }
  for (const name of namesOf(before, now, (row) => row.numbers)) {
    const values = (rows: readonly DriftRow[]) =>
      rows.flatMap((row) => (Number.isFinite(row.numbers?.[name]) ? [row.numbers?.[name] as number] : []));
    const [a, b] = [values(before), values(now)];
    if (a.length >= leastRows && b.length >= leastRows) raw.push({ kind: 'numbers', name, ...numbersDrift(a, b) });
  }
  const corrected = holm(raw.map(({ p }) => p));
  const findings = raw
    .map((finding, i) => {
      const p = corrected[i] ?? 1;
      return { ...finding, p, drifted: p < alpha && finding.effect >= leastEffect };
    })
    .sort((a, b) => b.effect - a.effect || a.p - b.p);
  return { ...sizes, findings, drifted: findings.some((finding) => finding.drifted) };
}

function namesOf(
  before: readonly DriftRow[],
  now: readonly DriftRow[],
  part: (row: DriftRow) => Readonly<Record<string, unknown>> | undefined,
): string[] {
  return [...new Set([...before, ...now].flatMap((row) => Object.keys(part(row) ?? {})))].sort();
}

function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [])];
}

/** Each row has one value (shares) or a set of them (words, compared as shares of all mentions). */
function sharesDrift(
  before: readonly string[][],
  now: readonly string[][],
): Omit<DriftFinding, 'kind' | 'name' | 'drifted'> {
  const a = countsOf(before);
  const b = countsOf(now);
  const all = [...new Set([...a.keys(), ...b.keys()])]
    .sort((x, y) => (b.get(y) ?? 0) + (a.get(y) ?? 0) - (b.get(x) ?? 0) - (a.get(x) ?? 0))
    .slice(0, MOST_WORDS);
  const total = (counts: Map<string, number>) => all.reduce((sum, value) => sum + (counts.get(value) ?? 0), 0);
  const [na, nb] = [Math.max(1, total(a)), Math.max(1, total(b))];
  let distance = 0;
  let chance = 0;
  let chi = 0;
  for (const value of all) {
    const [ca, cb] = [a.get(value) ?? 0, b.get(value) ?? 0];
    const common = (ca + cb) / (na + nb);
    distance += Math.abs(ca / na - cb / nb) / 2;
    // Mean absolute difference of two samples of one distribution (normal approximation).
    chance += Math.sqrt(common * (1 - common) * (1 / na + 1 / nb)) * Math.sqrt(2 / Math.PI) * 0.5;
    if (common > 0) chi += (ca - na * common) ** 2 / (na * common) + (cb - nb * common) ** 2 / (nb * common);
  }
  const changes = all
    .map((value) => ({ value, before: (a.get(value) ?? 0) / na, now: (b.get(value) ?? 0) / nb }))
    .sort((x, y) => Math.abs(y.now - y.before) - Math.abs(x.now - x.before))
    .slice(0, 10);
  return { effect: Math.min(1, Math.max(0, distance - chance)), p: chiSquareTail(chi, all.length - 1), changes };
}

function countsOf(rows: readonly string[][]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const values of rows) for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** P(χ² > x): Wilson & Hilferty 1931, good to three digits from a few degrees of freedom on. */
function chiSquareTail(x: number, degrees: number): number {
  if (degrees < 1 || x <= 0) return 1;
  const spread = 2 / (9 * degrees);
  return upperTail((Math.cbrt(x / degrees) - (1 - spread)) / Math.sqrt(spread));
}

/** Kolmogorov–Smirnov with its asymptotic p-value. */
function numbersDrift(
  before: readonly number[],
  now: readonly number[],
): Omit<DriftFinding, 'kind' | 'name' | 'drifted'> {
  const a = Float64Array.from(before).sort();
  const b = Float64Array.from(now).sort();
  let [i, j, effect] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && a[i] === at) i++;
    while (j < b.length && b[j] === at) j++;
    effect = Math.max(effect, Math.abs(i / a.length - j / b.length));
  }
  const root = Math.sqrt((a.length * b.length) / (a.length + b.length));
  const lambda = (root + 0.12 + 0.11 / root) * effect;
  let p = 0;
  for (let k = 1; k <= 100; k++) p += 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
  const middle = (values: Float64Array) => values[values.length >> 1] ?? 0;
  return {
    effect,
    p: lambda < 0.2 ? 1 : Math.min(1, Math.max(0, p)),
    changes: [{ value: 'median', before: middle(a), now: middle(b) }],
  };
}
