// `npm run bench:peers [-- --quick] [--only routing,queues] [--json]`: Cortex beside what one would use instead, on one machine in one run.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus } from '@cortex/bus';
import { provideEncoder } from '@cortex/ops';
import { dataFolder } from '../../harness/data.js';
import { optionsOf, partsOf } from '../../harness/options.js';
import { quantile } from '../../harness/statistics.js';
import { ACTORS } from '../speed/parts.js';
import { openSide } from '../speed/side.js';
import { bareConsumer, bullQueue, cortexQueue, type JobQueue, measure, type QueueFigures } from './queues.js';
import { type RoutingPeers, routingPeers } from './routing.js';

const values = optionsOf(
  'npm run bench:peers',
  {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
  ['seed'],
);
const say = (line: string) => process.stderr.write(`peers: ${line}\n`);
const wanted = partsOf('npm run bench:peers', values.only, ['routing', 'queues']);
const lines: string[] = [];
const report: Record<string, unknown> = {};

if (wanted.has('routing')) {
  const encoder = await provideEncoder({ log: say });
  const data = dataFolder('routing/clinc-intents');
  if (!encoder.found || 'missing' in data)
    throw new Error('missing' in data ? data.missing : 'the encoder could not be had');
  lines.push(
    '| rows a label | | accuracy | texts a second, none seen before | with 3 in 10 repeated | p50 ms | of it encoder | learns in s |',
    '|---|---|---|---|---|---|---|---|',
  );
  const found: Record<string, RoutingPeers> = {};
  for (const each of values.quick ? [20] : [20, undefined]) {
    say(`routing, ${each ?? 'all'} rows a label`);
    const peers = await routingPeers(data.path, encoder.folder, {
      each,
      count: values.quick ? 300 : 1_500,
      seed: Number(values.seed),
    });
    const label = String(each ?? 'all');
    found[label] = peers;
    for (const [name, f] of [
      ['Cortex', peers.ours],
      ['semantic-router 1.1.1', peers.peer],
    ] as const)
      lines.push(
        `| ${label} | ${name} | ${f.accuracy.toFixed(3)} | ${f.per_second.toFixed(0)} | ${f.repeats_per_second.toFixed(0)} | ${f.p50_ms.toFixed(2)} | ${f.encoder_p50_ms.toFixed(2)} | ${f.learn_seconds.toFixed(1)} |`,
      );
    const over = (key: 'per_second' | 'repeats_per_second') => (peers.ours[key] / peers.peer[key]).toFixed(2);
    lines.push(
      `| ${label} | Cortex over it | ${(peers.ours.accuracy - peers.peer.accuracy >= 0 ? '+' : '') + (peers.ours.accuracy - peers.peer.accuracy).toFixed(3)} | ${over('per_second')} × | ${over('repeats_per_second')} × | | | |`,
    );
  }
  report.routing = found;
}

if (wanted.has('queues')) {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-peers-'));
  const side = await openSide({ actors: ACTORS });
  const buses: Bus[] = [];
  const connect = async () => {
    const bus = await connectBus({ servers: side.system.url, name: 'peers', waitMs: 5_000 });
    buses.push(bus);
    return bus;
  };
  const queues: JobQueue[] = [];
  try {
    for (const open of [
      () => cortexQueue(side, connect),
      async () => bareConsumer(await connect()),
      () => bullQueue(folder, 'everysec'),
      async () => bullQueue(await mkdtemp(join(folder, 'always-')), 'always'),
    ])
      await open().then(
        (queue) => queues.push(queue),
        (error: Error) => say(`left out: ${error.message}`),
      );
    const [turns, jobs] = values.quick ? [3, 200] : [8, 1_000];
    const figures = new Map<string, Record<'alone' | 'loaded', QueueFigures[]>>();
    let from = 0;
    for (let turn = 0; turn <= turns; turn++) {
      say(`queues, turn ${turn} of ${turns}${turn === 0 ? ' (warms up)' : ''}`);
      for (const queue of queues) {
        const alone = await measure(queue, Math.ceil(jobs / 5), 1, from);
        const loaded = await measure(queue, jobs, 32, from + jobs);
        from += 2 * jobs;
        if (turn === 0) continue;
        const kept = figures.get(queue.name) ?? { alone: [], loaded: [] };
        kept.alone.push(alone);
        kept.loaded.push(loaded);
        figures.set(queue.name, kept);
      }
    }
    const median = (all: readonly QueueFigures[], key: keyof QueueFigures) =>
      quantile(
        all.map((one) => one[key]),
        0.5,
      );
    lines.push(
      ...(lines.length > 0 ? [''] : []),
      '| | one at a time: p50 ms | p99 ms | 32 under way: jobs a second | p50 ms | p99 ms |',
      '|---|---|---|---|---|---|',
    );
    for (const [name, { alone, loaded }] of figures)
      lines.push(
        `| ${name} | ${median(alone, 'p50_ms').toFixed(2)} | ${median(alone, 'p99_ms').toFixed(2)} | ${median(loaded, 'per_second').toFixed(0)} | ${median(loaded, 'p50_ms').toFixed(1)} | ${median(loaded, 'p99_ms').toFixed(1)} |`,
      );
    report.queues = Object.fromEntries(figures);
  } finally {
    for (const queue of queues) await queue.close();
    for (const bus of buses) await bus.close();
    await side.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const machine = { cores: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg()[0] };
if (values.json) console.log(JSON.stringify({ at: new Date().toISOString(), machine, ...report }));
else console.log(`${lines.join('\n')}\n\n${machine.cores} × ${machine.model}, load ${machine.load?.toFixed(1)}`);
process.exit(0);
