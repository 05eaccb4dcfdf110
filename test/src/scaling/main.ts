// `npm run sim:scaling`: waiting time per priority with scaling by forecast, with reactive scaling and with fixed replicas of the same cost.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../harness/data.js';
import { optionsOf } from '../harness/options.js';
import { type CompareOptions, compare, readArrivals } from './compare.js';

const values = optionsOf(
  'npm run sim:scaling',
  {
    series: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    wait: { type: 'string', default: '2' },
    start: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
  ['seed'],
);
const data = dataFolder('load');
if ('missing' in data && values.series === undefined) {
  console.error(`sim:scaling: ${data.missing}`);
  process.exit(2);
}
const folder = 'missing' in data ? '' : data.path;
const series = values.series ?? ['conv', 'code'].map((name) => join(folder, `azure-llm-${name}.csv.gz`));
const options: CompareOptions = {
  seed: Number(values.seed),
  binSeconds: 10,
  startSeconds: Number(values.start),
  waitSeconds: Number(values.wait),
  secondsPerThousand: { read: 0.25, written: 20 },
};
const results: Record<string, ReturnType<typeof compare>> = {};
for (const path of series) {
  if (!existsSync(path)) {
    console.error(`sim:scaling: ${path}: there is no such file`);
    process.exit(2);
  }
  const result = compare(readArrivals(path, options), options);
  results[path] = result;
  if (values.json) continue;
  console.log(
    `\n${path}: ${result.arrivals} arrivals in ${Math.round(result.seconds)} s, ${result.meanService.toFixed(2)} s of work each; seed ${options.seed}; a replica starts in ${options.startSeconds} s`,
  );
  console.log('policy     mean replicas  most  p95 wait s: critical   high  medium    low    all   late  set to');
  for (const row of result.rows) {
    const { critical, high, medium, low, all } = row.p95;
    const waits = [critical, high, medium, low, all].map((s) => s.toFixed(1).padStart(6)).join(' ');
    console.log(
      `${row.policy.padEnd(10)} ${row.replicas.toFixed(1).padStart(13)} ${String(row.mostReplicas).padStart(5)}             ${waits} ${(100 * row.late).toFixed(1).padStart(5)}%  ${row.parameter}`,
    );
  }
}
if (values.json) console.log(JSON.stringify({ options, results }));
