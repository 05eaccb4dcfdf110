// `npm run sim:fleet [-- --quick --seed N --runs N --pairs N --workers N --faults N --only KIND,… --real --virtual]`: real worker processes under faults with and without the watchdog, then a healthy fleet in
// virtual time. Prints what docs/results/fleet.md shows.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { seededRandom } from '@cortex/models';
import { provideNatsServer } from '@cortex/ops';
import { dataFolder } from '../harness/data.js';
import { optionsOf, partsOf } from '../harness/options.js';
import { quantile } from '../harness/statistics.js';
import { FAULTS } from './faults.js';
import { type FleetResult, type FoundFault, runFleet } from './run.js';
import { watchHealthyFleet } from './virtual.js';

const values = optionsOf(
  'npm run sim:fleet',
  {
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    only: { type: 'string' },
    /** One half alone: the processes, or virtual time. */
    real: { type: 'boolean', default: false },
    virtual: { type: 'boolean', default: false },
    workers: { type: 'string' },
    faults: { type: 'string' },
    /** How many of the runs are made without the watchdog too; all of them when left out. */
    pairs: { type: 'string' },
  },
  ['seed', 'runs', 'pairs', 'workers', 'faults'],
);
const kinds = FAULTS.map(({ kind }) => kind);
const only = values.only === undefined ? undefined : partsOf('npm run sim:fleet', values.only, kinds);
const seed = Number(values.seed);
const long = !values.quick;

/** Gaps between real arrivals, compressed to the mean that the fleet can take. */
function gapsOf(mean: number): number[] {
  const data = dataFolder('load');
  const file = 'missing' in data ? '' : join(data.path, 'azure-llm-code.csv.gz');
  const random = seededRandom(seed);
  if (!existsSync(file)) return Array.from({ length: 2_000 }, () => -mean * Math.log(1 - random()));
  const at = gunzipSync(readFileSync(file))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Date.parse(line.split(',')[0] ?? '') / 1_000);
  const gaps = at.slice(1).map((moment, i) => Math.max(0, moment - (at[i] as number)));
  const scale = mean / (gaps.reduce((a, b) => a + b, 0) / gaps.length);
  return gaps.map((gap) => Math.min(5, gap * scale));
}

const inTime = ({ intime, tasks }: FleetResult) => intime / tasks;

function tell(own: number, name: string, result: FleetResult): void {
  console.log(
    `seed ${own} ${name} watchdog: ${result.tasks} tasks, ${(100 * inTime(result)).toFixed(1)} % done in time, mean ${result.meanSeconds.toFixed(2)} s, ${result.open} still open; ${JSON.stringify(result.interventions)}`,
  );
}

if (!values.virtual) {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log, onProgress: log })).path;
  const workers = Number(values.workers ?? (long ? 40 : 8));
  const shared = {
    workers,
    masters: long ? 4 : 2,
    everySeconds: long ? 8 : 5,
    faults: Number(values.faults ?? (long ? 70 : FAULTS.length)),
    gaps: gapsOf(long ? 0.08 : 0.3),
    ...(only === undefined ? {} : { only: [...only] }),
  };
  const pairs = Number(values.pairs ?? values.runs);
  const found: FoundFault[] = [];
  console.log(`${workers} worker processes`);
  for (let run = 0; run < Number(values.runs); run++) {
    const own = seed + run;
    const say = (line: string) => process.stderr.write(`  seed ${own}: ${line}\n`);
    const on = await runFleet({ ...shared, seed: own, watchdog: true, say });
    found.push(...on.faults);
    for (const { kind, targets, known, seconds } of on.faults)
      if (!known && seconds === undefined) say(`not found: ${kind} of ${targets.join(', ')}`);
    tell(own, 'with', on);
    if (run >= pairs) continue;
    const off = await runFleet({ ...shared, seed: own, watchdog: false });
    tell(own, 'without', off);
    const times = (a: number, b: number) => `${(a / b).toFixed(2)} ×`;
    console.log(
      `seed ${own}: success ${times(inTime(on), inTime(off))} that without, mean completion ${times(on.meanSeconds, off.meanSeconds)}`,
    );
  }
  console.log('\nfault | injected | found | median s | longest s | open already');
  for (const { kind } of FAULTS) {
    const all = found.filter((fault) => fault.kind === kind);
    const mine = all.filter(({ known }) => !known);
    if (all.length === 0) continue;
    const times = mine.flatMap(({ seconds }) => seconds ?? []);
    const worst = times.length ? Math.max(...times).toFixed(1) : '-';
    console.log(
      `${kind} | ${mine.length} | ${times.length} | ${times.length ? quantile(times, 0.5).toFixed(1) : '-'} | ${worst} | ${all.length - mine.length}`,
    );
  }
}
if (values.virtual || (long && !values.real)) {
  const healthy = watchHealthyFleet({ seed, workers: 200, minutes: long ? 5_000 : 100 });
  console.log(`\nhealthy fleet in virtual time: ${JSON.stringify(healthy)}`);
}
