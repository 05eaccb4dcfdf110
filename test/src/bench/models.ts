// `npm run bench:models [-- --short --seeds 1,2]`: every figure of the models beside its baselines, from the code behind `cortex evaluate`.
// `--short` takes a part of each set: a quick check that everything still runs and nothing has fallen below its baseline, not for the record.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadEncoder, runEvaluateOutcomes, runEvaluatePolicy } from '@cortex/models';
import { provideEncoder } from '@cortex/ops';
import { dataFolder } from '../harness/data.js';

const ROUTING = fileURLToPath(new URL('../../../models/dist/evaluate/routing/bench.js', import.meta.url));
const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, seeds: { type: 'string', default: '1' } },
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
const lines: string[] = ['| set | seed | ours | baseline | better |', '|---|---|---|---|---|'];
const row = (set: string, seed: number, what: string, ours: number, baseline: number, higher: boolean) => {
  const better = higher ? ours > baseline : ours <= baseline;
  if (!better) worse++;
  lines.push(`| ${set} | ${seed} | ${what} ${ours.toFixed(4)} | ${baseline.toFixed(4)} | ${better ? 'yes' : 'NO'} |`);
};
for (const seed of values.seeds.split(',').map(Number)) {
  for (const set of values.short ? ['gsm8k'] : ['gsm8k', 'mmlu']) {
    const outcomes = await runEvaluateOutcomes({ ...files(`outcomes/${set}`), seed, encoder });
    const base = outcomes.baseline_master;
    if (outcomes.auroc === undefined || outcomes.brier === undefined || !base)
      throw new Error(`${set} has no success to score`);
    row(`outcomes/${set}`, seed, 'AUROC', outcomes.auroc, base.auroc, true);
    row(`outcomes/${set}`, seed, 'Brier', outcomes.brier, base.brier, false);
    const policy = await runEvaluatePolicy({ ...files(`policy/${set}`), seed, encoder });
    row(`policy/${set}`, seed, 'area', policy.area ?? 0, 0.5, true);
  }
  for (const project of values.short ? ['duracloud'] : ['duracloud', 'mesos', 'talendesb', 'usergrid']) {
    const set = `outcomes/story-points-${project}`;
    if (!existsSync(join(data.path, set))) continue;
    const { complexity } = await runEvaluateOutcomes({ ...files(set), seed, encoder });
    if (!complexity) throw new Error(`${set} has no complexity to score`);
    row(set, seed, 'MAE', complexity.mae, complexity.baseline_median, false);
  }
}
await encoder.close();
process.stdout.write(`${lines.join('\n')}\n`);
if (worse > 0) process.exitCode = 1;
