// A worker of the simulated fleet: a real worker in a process of its own that can be made ill on `sim.fault.<name>`. Its launcher hears
// over the inter-process channel that its loop turns.
import { type Job, worker } from '@cortex/actor-worker';
import { connectBus, RetryLater, silentLogger } from '@cortex/bus';

const [name = '', master = ''] = process.argv.slice(2);
const HEARTBEAT_MS = 1_000;

let mode = 'well';
let left = 0;
const ill = (what: string): boolean => {
  if (mode !== what || left <= 0) return false;
  if (--left === 0) mode = 'well';
  bus.nc.publish(`sim.ill.${name}`, what);
  return true;
};

const bus = await connectBus({ name: 'worker', waitMs: 0, servers: process.env.NATS_URL ?? '' });
bus.nc.subscribe(`sim.fault.${name}`, {
  callback(_error, msg) {
    const fault = msg.json<{ mode: string; times?: number }>();
    mode = fault.mode;
    left = fault.times ?? 1;
    if (mode === 'skew') skewClock(60_000);
    msg.respond('ok');
  },
});

async function handle(job: Job) {
  const { ms = '500', tokens = '400' } = (job.task.labels ?? {}) as Record<string, string>;
  if (ill('lazy')) return {};
  if (ill('fail')) throw new Error('its tool is broken');
  if (job.attempt <= 3 && ill('give-back')) throw new RetryLater('not now', 100);
  const frozen = ill('frozen');
  const endless = !frozen && ill('endless');
  const steps = Math.max(2, Math.round(Number(ms) / 200));
  for (let step = 1; step <= steps || endless || frozen; step++) {
    if (!frozen) job.gauge('tokens', Math.round((Number(tokens) * step) / steps));
    await new Promise((resolve) => setTimeout(resolve, Number(ms) / steps));
    if (job.signal.aborted) throw job.signal.reason;
  }
  return { tokens: Number(tokens), evidence: [{ kind: 'run', ref: `${name}/${job.task.id}` }] };
}

const running = await worker({
  bus,
  name,
  master,
  handle,
  heartbeatMs: HEARTBEAT_MS,
  pollMaxMs: 1_000,
  abortGraceMs: 1_000,
  signals: false,
  telemetry: false,
  log: silentLogger,
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
setInterval(() => process.send?.('beat'), 1_000);
await running.finished;
process.exit(0);

/** As on a machine whose time was never set. */
function skewClock(byMs: number): void {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given: [] | [number | string]) {
      super(given.length === 0 ? RealDate.now() + byMs : given[0]);
    }
    static override now(): number {
      return RealDate.now() + byMs;
    }
  } as DateConstructor;
}
