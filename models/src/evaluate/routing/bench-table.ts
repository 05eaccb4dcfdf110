// The benchmark's table: one line a run, figures with their 95 % bootstrap intervals.
import type { Interval } from '../../metrics/index.js';
import type { Baseline, RoutingDocument } from './score.js';

const HEAD = [
  'set',
  'seed',
  'accuracy',
  'macro-F1',
  'ECE',
  'leaves early (loss)',
  'coverage (size) of 90 % sets',
  'candidates (size)',
  'out-of-scope AUROC',
  'abstains: strangers / others',
  'rules',
  'TF-IDF + LR',
  'nearest description',
  'over 1.10 × rules',
  'ms beyond encoder p50 (all voices)',
  'train s',
  'MB',
];

function percent(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits).replace(/^(-?)0\./, '$1.');
}

function within(value: number | null, interval: Interval | null): string {
  return interval ? `${percent(value)} [${percent(interval.low)}, ${percent(interval.high)}]` : percent(value);
}

function beaten(baseline: Baseline | null): string {
  if (!baseline) return '–';
  const { low, high } = baseline.beaten_by.interval;
  return `${low > 0 ? 'yes' : 'no'} [${percent(low)}, ${percent(high)}]`;
}

export function benchRow(name: string, seed: number, document: RoutingDocument): string {
  const { early_exit, candidates, intervals, latency_beyond_encoder_ms: beyond } = document;
  return [
    name,
    seed,
    within(document.accuracy, intervals.accuracy),
    within(document.macro_f1, intervals.macro_f1),
    within(document.ece, intervals.ece),
    `${percent(early_exit.share)} (${percent(early_exit.loss, 4)})`,
    `${within(document.coverage, intervals.coverage)} (${document.set_size.toFixed(2)})`,
    `${percent(candidates.coverage)} (${candidates.size.toFixed(2)})`,
    within(document.oos_auroc, intervals.oos_auroc),
    `${percent(document.abstain_recall)} / ${percent(document.abstain.share_with_label)}`,
    percent(document.baseline_rule?.accuracy),
    percent(document.baseline_linear?.accuracy),
    percent(document.baseline_nearest_description?.accuracy),
    beaten(document.baseline_rule),
    `${beyond.p50.toFixed(2)} (${beyond.full_p50.toFixed(2)})`,
    document.train_seconds.toFixed(0),
    document.memory_mb,
  ].join(' | ');
}

export function benchTable(runs: readonly { name: string; seed: number; document: RoutingDocument }[]): string {
  return [
    `| ${HEAD.join(' | ')} |`,
    `|${HEAD.map(() => '---|').join('')}`,
    ...runs.map(({ name, seed, document }) => `| ${benchRow(name, seed, document)} |`),
  ].join('\n');
}
