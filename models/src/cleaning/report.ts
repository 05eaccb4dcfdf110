// What a training was given: counts, balance, what was taken out and why, and how it differs from the time before. Pure.
// Drift is the population stability index, PSI = Σ (p − q)·ln(p / q) over shares; below 0.1 nothing much moved, above 0.25 it is another population.
import { type Cleaned, spanOf } from './clean.js';
import { type Origin, type RawRow, REASONS, type Reason } from './rows.js';

export interface DataReport {
  readonly at: string;
  /** What it is for, such as `router`. */
  readonly family: string;
  readonly given: number;
  readonly kept: number;
  readonly dropped: Readonly<Record<Reason, number>>;
  readonly origins: Readonly<Record<Origin, number>>;
  readonly near_conflicts: number;
  readonly span?: { readonly from: string; readonly to: string };
  readonly labels: Readonly<Record<string, LabelCount>>;
  /** 1: all labels weigh the same; 0: one has everything. Entropy over its maximum. */
  readonly balance: number;
  readonly sayers: Readonly<Record<string, number>>;
  /** Characters of the texts by the upper ends of {@link LENGTHS}. */
  readonly lengths: readonly number[];
  readonly drift?: Drift;
  readonly warnings: readonly string[];
}

export interface LabelCount {
  readonly rows: number;
  readonly weight: number;
}

export interface Drift {
  /** `at` of the report it is compared with. */
  readonly since: string;
  readonly labels: number;
  readonly lengths: number;
  readonly sayers: number;
  readonly new_labels: readonly string[];
  readonly gone_labels: readonly string[];
}

/** Upper ends of the text lengths that are counted, in characters; the last takes all that is longer. */
export const LENGTHS: readonly number[] = [20, 50, 100, 200, 500, 1_000, 5_000, Number.POSITIVE_INFINITY];
const NOBODY = '(no master fits)';
const MOVED = 0.25;
const FEW = 20;
const MOST_SAYERS = 50;

export interface ReportOptions {
  readonly family: string;
  readonly at: string;
  /** The report of the training before. */
  readonly previous?: DataReport | undefined;
}

export function reportOf<R extends RawRow>(cleaned: Cleaned<R>, options: ReportOptions): DataReport {
  const { rows, quarantined } = cleaned;
  const dropped = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  for (const { reason } of quarantined) dropped[reason]++;
  const labels: Record<string, { rows: number; weight: number }> = Object.create(null);
  const sayers: Record<string, number> = Object.create(null);
  const lengths = LENGTHS.map(() => 0);
  for (const { label, weight = 1, sayer = 'unknown', text } of rows) {
    const counted = labels[label ?? NOBODY] ?? { rows: 0, weight: 0 };
    labels[label ?? NOBODY] = counted;
    counted.rows++;
    counted.weight += weight;
    sayers[sayer] = (sayers[sayer] ?? 0) + 1;
    const bin = LENGTHS.findIndex((end) => text.length <= end);
    lengths[bin] = (lengths[bin] ?? 0) + 1;
  }
  const span = spanOf(rows);
  const drift = options.previous ? driftOf(options.previous, labels, lengths, sayers) : undefined;
  const report = {
    at: options.at,
    family: options.family,
    given: rows.length + quarantined.length,
    kept: rows.length,
    dropped,
    origins: cleaned.origins,
    near_conflicts: cleaned.nearConflicts,
    ...(span ? { span } : {}),
    labels: sorted(labels),
    balance: balanceOf(Object.values(labels).map((l) => l.weight)),
    sayers: Object.fromEntries(
      Object.entries(sayers)
        .sort((a, b) => b[1] - a[1])
        .slice(0, MOST_SAYERS),
    ),
    lengths,
    ...(drift ? { drift } : {}),
  };
  return { ...report, warnings: warningsOf(report) };
}

function warningsOf(report: Omit<DataReport, 'warnings'>): string[] {
  const warnings: string[] = [];
  const { given, kept, dropped, drift, labels } = report;
  if (given > 0 && kept < given / 2)
    warnings.push(`more than half of the rows were dropped (${given - kept} of ${given})`);
  if (dropped.conflict > 0.05 * given) warnings.push(`${dropped.conflict} rows contradict others with the same text`);
  const few = Object.entries(labels).filter(([, { rows }]) => rows < FEW);
  if (few.length > 0)
    warnings.push(
      `${few.length} labels have fewer than ${FEW} rows: ${few
        .map(([name]) => name)
        .slice(0, 10)
        .join(', ')}`,
    );
  for (const what of ['labels', 'lengths', 'sayers'] as const)
    if (drift && drift[what] > MOVED)
      warnings.push(`the ${what} are not those of ${drift.since} (PSI ${drift[what].toFixed(2)})`);
  if (drift && drift.gone_labels.length > 0)
    warnings.push(`labels without rows now: ${drift.gone_labels.slice(0, 10).join(', ')}`);
  return warnings;
}

function driftOf(
  before: DataReport,
  labels: Readonly<Record<string, LabelCount>>,
  lengths: readonly number[],
  sayers: Readonly<Record<string, number>>,
): Drift {
  const rowsOf = (counts: Readonly<Record<string, LabelCount>>) =>
    Object.fromEntries(Object.entries(counts).map(([name, { rows }]) => [name, rows]));
  return {
    since: before.at,
    labels: stabilityIndex(rowsOf(before.labels), rowsOf(labels)),
    lengths: stabilityIndex(Object.fromEntries(before.lengths.entries()), Object.fromEntries(lengths.entries())),
    sayers: stabilityIndex(before.sayers, sayers),
    new_labels: Object.keys(labels).filter((name) => !(name in before.labels)),
    gone_labels: Object.keys(before.labels).filter((name) => !(name in labels)),
  };
}

/** Population stability index of two counts by name. Half a row is added to each, so that an empty one does not make it infinite. */
export function stabilityIndex(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): number {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const total = (counts: Readonly<Record<string, number>>) =>
    names.reduce((sum, name) => sum + (counts[name] ?? 0) + 0.5, 0);
  const [a, b] = [total(before), total(now)];
  return names.reduce((sum, name) => {
    const p = ((before[name] ?? 0) + 0.5) / a;
    const q = ((now[name] ?? 0) + 0.5) / b;
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

function balanceOf(weights: readonly number[]): number {
  const total = weights.reduce((sum, w) => sum + w, 0);
  if (weights.length < 2 || total === 0) return weights.length === 1 ? 0 : 1;
  const entropy = weights.reduce((sum, w) => (w > 0 ? sum - (w / total) * Math.log(w / total) : sum), 0);
  return entropy / Math.log(weights.length);
}

function sorted(labels: Readonly<Record<string, LabelCount>>): Record<string, LabelCount> {
  return Object.fromEntries(Object.entries(labels).sort((a, b) => b[1].rows - a[1].rows || (a[0] < b[0] ? -1 : 1)));
}

/** The report for people. */
export function reportMarkdown(report: DataReport): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  const rows = Object.entries(report.labels).slice(0, 200);
  const dropped = Object.entries(report.dropped).filter(([, count]) => count > 0);
  return [
    `# Data of ${report.family}, ${report.at}`,
    '',
    `${report.kept} of ${report.given} rows stay${report.span ? `, from ${report.span.from} to ${report.span.to}` : ''}. Balance ${report.balance.toFixed(2)} (1: all labels alike).`,
    ...(report.warnings.length > 0 ? ['', ...report.warnings.map((warning) => `- **${cell(warning)}**`)] : []),
    '',
    '| dropped because | rows |',
    '|---|---|',
    ...(dropped.length > 0 ? dropped.map(([reason, count]) => `| ${reason} | ${count} |`) : ['| nothing | 0 |']),
    '',
    `Origins: ${Object.entries(report.origins)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}. Near-equal texts with different labels: ${report.near_conflicts}.`,
    '',
    '| label | rows | weight |',
    '|---|---|---|',
    ...rows.map(([name, { rows: count, weight }]) => `| ${cell(name)} | ${count} | ${Math.round(weight * 10) / 10} |`),
    ...(report.drift
      ? [
          '',
          `Against ${report.drift.since}: labels ${report.drift.labels.toFixed(3)}, lengths ${report.drift.lengths.toFixed(3)}, sayers ${report.drift.sayers.toFixed(3)} (PSI; above 0.25 it is another population).`,
        ]
      : []),
    '',
  ].join('\n');
}
