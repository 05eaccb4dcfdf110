// `npm run bench:models [-- --short --seeds 1,2]`: every figure of the models beside its baselines, from the code behind `cortex evaluate`.
// `--short` takes a part of each set: a quick check that everything still runs and nothing has fallen below its baseline, not for the record.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadEncoder, runEvaluateOutcomes, runEvaluatePolicy } from '@cortex/models';
import { provideEncoder } from '@cortex/ops';
import { dataFolder } from '../harness/data.js';
import { optionsOf } from '../harness/options.js';

const ROUTING = fileURLToPath(new URL('../../../models/dist/evaluate/routing/bench.js', import.meta.url));
const values = optionsOf('npm run bench:models', {
  short: { type: 'boolean', default: false },
  seeds: { type: 'string', default: '1' },
});
const log = (line: string) => process.stderr.write(`${line}\n`);

const found = await provideEncoder({ log });
const data = dataFolder('.');
if (!found.found || 'missing' in data) {
  log('missing' in data ? data.missing : 'the encoder could not be had');
  process.exit(1);
}
const env = { ...process.env, CORTEX_DATA: data.path, CORTEX_ENCODER: found.folder };
const routing = spawnSync(process.execPath, [ROUTING, '--seeds', values.seeds, ...(values.short ? ['--short'] : [])], {
  stdio: 'inherit',
  env,
});
let worse = routing.status === 0 ? 0 : 1;

const encoder = await loadEncoder(found.folder);
const files = (set: string) => ({
  train: join(data.path, set, 'train.jsonl.gz'),
  test: join(data.path, set, 'test.jsonl.gz'),
});
interface Interval {
  readonly low: number;
  readonly high: number;
}
const lines: string[] = [
  '| set | seed | figure | ours | baseline | ours − baseline, 95 % | reached |',
  '|---|---|---|---|---|---|---|',
];
/** A figure, what it is held against, and whether it came out on the right side of that. `sure`: the interval has to exclude 0. */
function row(
  set: string,
  seed: number,
  figure: { what: string; ours: number; baseline: number; higher: boolean; interval?: Interval; sure?: boolean },
): void {
  const { what, ours, baseline, higher, interval, sure } = figure;
  const better = higher ? ours >= baseline : ours <= baseline;
  const excludes = !sure || !interval || (higher ? interval.low > 0 : interval.high < 0);
  const reached = better && excludes;
  // Parts of the sets are small: their intervals are shown, not demanded.
  if (values.short ? !better : !reached) worse++;
  const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;
  lines.push(
    `| ${set} | ${seed} | ${what} | ${ours.toFixed(4)} | ${baseline.toFixed(4)} | ${interval ? `${signed(interval.low)} … ${signed(interval.high)}` : ''} | ${reached ? 'yes' : 'NO'} |`,
  );
}
/** Area under success over cost that is to be reached: even odds are .5. */
const AREA: Record<string, number> = { gsm8k: 0.62, mmlu: 0.64 };
for (const seed of values.seeds.split(',').map(Number)) {
  for (const set of values.short ? ['gsm8k'] : ['gsm8k', 'mmlu']) {
    const outcomes = await runEvaluateOutcomes({ ...files(`outcomes/${set}`), seed, encoder });
    const { auroc, brier, baseline_master: base, difference_to_master: difference } = outcomes;
    if (auroc === undefined || brier === undefined || !base || !difference)
      throw new Error(`${set} has no success to score`);
    const name = `outcomes/${set}`;
    row(name, seed, {
      what: "AUROC, against the master's base rate",
      ours: auroc,
      baseline: base.auroc,
      higher: true,
      interval: difference.auroc,
      sure: true,
    });
    row(name, seed, {
      what: "Brier, against the master's base rate",
      ours: brier,
      baseline: base.brier,
      higher: false,
      interval: difference.brier,
      sure: true,
    });
    lines.push(`| ${name} | ${seed} | share of "no idea" | ${outcomes.no_idea_share?.toFixed(4) ?? ''} | | | |`);
    const { area, area_interval } = await runEvaluatePolicy({ ...files(`policy/${set}`), seed, encoder });
    const reach = AREA[set] ?? 0.5;
    row(`policy/${set}`, seed, {
      what: 'area under success over cost, against what is to be reached',
      ours: area ?? 0,
      baseline: reach,
      higher: true,
      ...(area_interval && { interval: { low: area_interval.low - reach, high: area_interval.high - reach } }),
    });
  }
  const errors: { ours: number; median: number }[] = [];
  for (const project of values.short ? ['duracloud'] : ['duracloud', 'mesos', 'talendesb', 'usergrid']) {
    const set = `outcomes/story-points-${project}`;
    if (!existsSync(join(data.path, set))) continue;
    const { complexity } = await runEvaluateOutcomes({ ...files(set), seed, encoder });
    if (!complexity) throw new Error(`${set} has no complexity to score`);
    errors.push({ ours: complexity.mae, median: complexity.baseline_median });
    row(set, seed, {
      what: "MAE of story points, against the training median's",
      ours: complexity.mae,
      baseline: complexity.baseline_median,
      higher: false,
      interval: complexity.difference_to_median,
    });
  }
  const meanOf = (of: (one: { ours: number; median: number }) => number) =>
    errors.reduce((sum, one) => sum + of(one), 0) / Math.max(1, errors.length);
  row('outcomes/story-points, mean', seed, {
    what: 'MAE',
    ours: meanOf(({ ours }) => ours),
    baseline: meanOf(({ median }) => median),
    higher: false,
  });
}
await encoder.close();
process.stdout.write(`${lines.join('\n')}\n`);
if (worse > 0) process.exitCode = 1;
