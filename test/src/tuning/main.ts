// `npm run sim:tuning [-- --rounds N --only NAME]`: what tuning the concurrency gains or costs on a real bus, in rounds of four seconds instead of a minute.
// The one thing to know: the same bursts come with and without tuning; "the last third" is what it has learned to do by then.
import { connectBus, provision, startTestServer } from '@cortex/bus';
import { provideNatsServer } from '@cortex/ops';
import { optionsOf } from '../harness/options.js';
import { runTuning, type TuningRun, type TuningSeen } from './run.js';

const values = optionsOf(
  'npm run sim:tuning',
  { rounds: { type: 'string', default: '90' }, only: { type: 'string' } },
  ['rounds'],
);
const log = (line: string) => process.stderr.write(`${line}\n`);
process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log, onProgress: log })).path;

const ROUND_MS = 4_000;
const EVERY_MS = 2_000;
type Case = Pick<TuningRun, 'burst' | 'taskMs' | 'targetSeconds' | 'work'> & { readonly name: string };
const CASES: readonly Case[] = [
  // As with a language model: six at once wait no longer than one.
  { name: 'waits', work: 'waits', burst: 6, taskMs: 250, targetSeconds: 0.9 },
  // Everything in time as it is: nothing to gain.
  { name: 'waits, with time to spare', work: 'waits', burst: 6, taskMs: 100, targetSeconds: 1.8 },
  // Several at once only make each other late.
  { name: 'computes', work: 'computes', burst: 4, taskMs: 200, targetSeconds: 0.9 },
];

console.log('work | tuning | tasks | in time | in the last third | mean s | tried, kept, taken back');
for (const one of CASES) {
  if (values.only !== undefined && one.name !== values.only) continue;
  for (const tuned of [false, true]) {
    const rounds = Number(values.rounds);
    const most = (rounds * ROUND_MS) / EVERY_MS;
    const server = await startTestServer();
    const connections: { close(): Promise<void> }[] = [];
    const connect = async (name: string) => {
      const bus = await connectBus({ servers: server.url, name });
      connections.push(bus);
      return bus;
    };
    await provision(await connect('sim'), {});
    const seen = await runTuning(connect, {
      ...one,
      ...(tuned ? { tune: { start: 1, most: 8 } } : {}),
      roundMs: ROUND_MS,
      everyMs: EVERY_MS,
      until: ({ bursts, seconds }) => bursts >= most && seconds.length >= 0.98 * most * one.burst,
    });
    await Promise.all(connections.map((bus) => bus.close()));
    await server.stop();
    print(one, tuned, seen);
  }
}

function print({ name, targetSeconds }: Case, tuned: boolean, { seconds, actions }: TuningSeen): void {
  const share = (some: readonly number[]) =>
    `${((100 * some.filter((s) => s <= targetSeconds).length) / some.length).toFixed(1)} %`;
  const steps = actions
    .filter(({ kind, state }) => kind === 'tune-concurrency' && state === 'done')
    .map(({ reason }) => /^(\S+ \d+)/.exec(reason ?? '')?.[1]);
  const last = seconds.slice(Math.floor((2 * seconds.length) / 3));
  const mean = seconds.reduce((a, b) => a + b, 0) / seconds.length;
  console.log(
    `${name} | ${tuned ? 'yes' : 'no'} | ${seconds.length} | ${share(seconds)} | ${share(last)} | ${mean.toFixed(2)} | ${steps.join(', ')}`,
  );
}
