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
    `${within(document.coverage, intervals.coverage)} (${document.set_size?.toFixed(2) ?? '–'})`,
    `${percent(candidates.coverage)} (${candidates.size?.toFixed(2) ?? '–'})`,
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

interface Reach {
  readonly run: string;
  readonly figure: string;
  readonly of: (document: RoutingDocument) => number | null;
  /** At least this, or with `most` at most. */
  readonly reach: number;
  readonly most?: true;
}

const accuracy = (document: RoutingDocument) => document.accuracy;
const strangers = (document: RoutingDocument) => document.oos_auroc;
const calibration = (document: RoutingDocument) => document.ece;
const overNearest = (document: RoutingDocument) => {
  const nearest = document.baseline_nearest_description?.accuracy ?? null;
  return nearest === null || document.accuracy === null ? null : document.accuracy - nearest;
};

/** Stated before the first run of each set, and not moved since. */
const TO_REACH: readonly Reach[] = [
  { run: 'clinc-domains', figure: 'accuracy', of: accuracy, reach: 0.98 },
  { run: 'clinc-domains', figure: 'out-of-scope AUROC', of: strangers, reach: 0.976 },
  { run: 'clinc-domains', figure: 'ECE', of: calibration, reach: 0.01, most: true },
  { run: 'clinc-domains', figure: 'coverage of 90 % sets', of: ({ coverage }) => coverage, reach: 0.88 },
  { run: 'clinc-domains', figure: 'coverage of 90 % sets', of: ({ coverage }) => coverage, reach: 0.92, most: true },
  { run: 'clinc-intents', figure: 'accuracy', of: accuracy, reach: 0.956 },
  { run: 'clinc-intents', figure: 'out-of-scope AUROC', of: strangers, reach: 0.98 },
  { run: 'clinc-intents', figure: 'ECE', of: calibration, reach: 0.015, most: true },
  { run: 'clinc-intents', figure: 'leaves early', of: ({ early_exit }) => early_exit.share, reach: 0.75 },
  { run: 'clinc-intents', figure: 'lost by it', of: ({ early_exit }) => early_exit.loss, reach: 0.002, most: true },
  { run: 'it-tickets', figure: 'macro-F1', of: ({ macro_f1 }) => macro_f1, reach: 0.815 },
  { run: 'it-tickets', figure: 'ECE', of: calibration, reach: 0.03, most: true },
  { run: 'clinc-intents, 20 rows a label', figure: 'accuracy', of: accuracy, reach: 0.925 },
  ...['clinc-intents', 'clinc-domains', 'it-tickets'].map((set) => ({
    run: `${set}, descriptions only`,
    figure: 'accuracy over the nearest description',
    of: overNearest,
    reach: 0.05,
  })),
  ...['clinc-domains', 'clinc-intents', 'it-tickets'].flatMap((run) => [
    {
      run,
      figure: 'accuracy over 1.10 × rules, low end of the paired interval',
      of: ({ baseline_rule }: RoutingDocument) => baseline_rule?.beaten_by.interval.low ?? null,
      reach: 0,
    },
    {
      run,
      figure: 'ms beyond the encoder, p50',
      of: (document: RoutingDocument) => document.latency_beyond_encoder_ms.p50,
      reach: 1,
      most: true as const,
    },
  ]),
];

/** What is to be reached beside what was got, a line a run and figure. */
export function reachTable(runs: readonly { name: string; seed: number; document: RoutingDocument }[]): string {
  const lines = TO_REACH.flatMap(({ run, figure, of, reach, most }) =>
    runs
      .filter(({ name }) => name === run)
      .map(({ seed, document }) => {
        const got = of(document);
        const reached = got !== null && (most ? got <= reach : got >= reach);
        return `| ${run} | ${seed} | ${figure} | ${most ? '≤' : '≥'} ${percent(reach)} | ${percent(got, 4)} | ${reached ? 'yes' : 'NO'} |`;
      }),
  );
  return ['| set | seed | figure | reach | got | reached |', '|---|---|---|---|---|---|', ...lines].join('\n');
}
