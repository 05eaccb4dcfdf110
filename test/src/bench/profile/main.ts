// `npm run bench:profile`: a system under load with the profiler on; where its processor time goes.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus } from '@cortex/bus';
import { Load, routerReady, startSystem, textOf } from '@cortex/ops';
import { optionsOf } from '../../harness/options.js';
import { swallowing } from '../speed/telemetry.js';
import { type CpuProfile, ownedBy, selfTimes, stacksOf, totalTimes } from './cpu-profile.js';

const values = optionsOf(
  'npm run bench:profile',
  {
    tasks: { type: 'string', default: '1500' },
    under: { type: 'string', default: '16' },
    actors: { type: 'string', default: 'trainer=0,recorder=0,librarian=0' },
    top: { type: 'string', default: '40' },
    keep: { type: 'string' },
    checkout: { type: 'string' },
    repeat: { type: 'boolean', default: false },
    /** Traces and metrics go to a collector that swallows them. */
    telemetry: { type: 'boolean', default: false },
  },
  ['tasks', 'under', 'top'],
);
const say = (line: string) => process.stderr.write(`${line}\n`);
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'cortex-profile-')));
const collector = values.telemetry ? await swallowing() : undefined;
const system = await startSystem({
  ...(collector ? { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } } : {}),
  actors: values.actors,
  node: ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500'],
  ...(values.checkout ? { checkout: values.checkout } : {}),
});
let decided = 0;
let window: [number, number] = [0, 0];
const clock = () => Number(process.hrtime.bigint() / 1_000n);
try {
  const bus = await connectBus({ servers: system.url, name: 'bench', waitMs: 5_000 });
  await routerReady(bus);
  const load = new Load(bus);
  await load.closed(300, Number(values.under), (n) => textOf(n + 500_000, 'short'));
  const before = system.usage();
  const began = clock();
  const measured = await load.closed(Number(values.tasks), Number(values.under), (n) =>
    textOf(values.repeat ? n % 20 : n, 'short'),
  );
  window = [began, clock()];
  const after = system.usage();
  decided = measured.decided;
  say(JSON.stringify(measured));
  if (before && after)
    say(
      `ms a decision: actors ${((1000 * (after.actors.cpu_seconds - before.actors.cpu_seconds)) / decided).toFixed(2)}, nats-server ${((1000 * (after.nats.cpu_seconds - before.nats.cpu_seconds)) / decided).toFixed(2)}`,
    );
  load.close();
  await bus.close();
} finally {
  await system.stop();
  collector?.close();
}
for (const file of await readdir(folder)) {
  if (!file.endsWith('.cpuprofile')) continue;
  const stacks = stacksOf(JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile, window);
  const all = stacks.reduce((sum, { ms }) => sum + ms, 0);
  const table = (title: string, rows: [string, number][]) => {
    console.log(`\n${title}`);
    for (const [what, ms] of rows.slice(0, Number(values.top)))
      console.log(`${((100 * ms) / all).toFixed(1).padStart(6)} %  ${(ms / decided).toFixed(3)} ms  ${what}`);
  };
  console.log(`\n== ${file}: ${(all / decided).toFixed(2)} ms of work a decision`);
  const telemetry = ownedBy(
    stacks,
    ({ package: name, at }) => name.startsWith('@opentelemetry/') || at.startsWith('bus/telemetry/'),
  );
  console.log(`telemetry: ${(telemetry / decided).toFixed(3)} ms, ${((100 * telemetry) / all).toFixed(1)} % of it`);
  table(
    'by package, own time',
    selfTimes(stacks, (f) => f.package),
  );
  table(
    'by function, own time',
    selfTimes(stacks, (f) => `${f.name} ${f.at}`),
  );
  table(
    'our functions with what they call',
    totalTimes(stacks, (f) => (f.package.startsWith('cortex/') ? `${f.name} ${f.at}` : undefined)),
  );
}
if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
