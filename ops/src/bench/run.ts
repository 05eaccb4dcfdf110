// The bench: every figure beside its floor, all from one run on one machine. Times are this machine's at this hour: read the ratios.
import { cpus } from 'node:os';
import { connectBus } from '@cortex/bus';
import { loadEncoder } from '@cortex/models';
import { measureFloor } from './floor.js';
import { Load, type Measured, round, routerReady } from './load.js';
import { startSystem } from './system.js';
import { textOf } from './texts.js';

export interface BenchOptions {
  /** A bus with a running system; undefined starts one. */
  readonly servers?: string;
  /** Folder of the encoder; undefined: words and rules alone. */
  readonly encoder: string | undefined;
  readonly actors?: string;
  /** Seconds of each loaded part; the light parts take as many hundreds of tasks. */
  readonly seconds: number;
  /** Told each stage, and which share of it is behind. */
  readonly show: (stage: string, share: number, done?: { n: number; unit: string }) => void;
}

export interface BenchReport {
  readonly at: string;
  readonly machine: { cores: number; model: string; node: string; platform: string };
  readonly ready_seconds?: number;
  readonly floor: { encoder_ms?: number; hops_ms: number; whole_ms: number };
  readonly light: Record<'short' | 'medium' | 'long' | 'repeated', Measured>;
  readonly saturation: Measured;
  readonly half: Measured;
  readonly eighty: Measured;
  /** Each beside the floor of the same run. */
  readonly ratios: Record<string, number>;
  /** Processor milliseconds per decision during saturation, and memory after it. */
  readonly usage?: {
    cpu_ms_per_decision: { actors: number; nats: number };
    memory_mb: { actors: number; nats: number };
  };
}

export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { show, seconds } = options;
  let stage = '';
  const say = (line: string) => {
    stage = line;
    show(line, 0);
  };
  const system = options.servers === undefined ? await startSystem({ actors: options.actors }) : undefined;
  const bus = await connectBus({ servers: system?.url ?? options.servers ?? '', name: 'bench', waitMs: 5_000 });
  const encoder = options.encoder === undefined ? undefined : await loadEncoder(options.encoder);
  const load = new Load(bus);
  load.onShare = (share, n) => show(stage, share, { n, unit: 'decisions' });
  try {
    say('waiting for the router to have read its examples');
    await routerReady(bus);
    let n = 0;
    // No text twice, or the memory of decisions would answer.
    const next = (length: Parameters<typeof textOf>[1]) => () => textOf(n++, length);
    await load.closed(50, 1, next('short'));
    say('floor: the encoder and the bus, each bare');
    const bare = await measureFloor(bus, encoder);
    const { rounds: _, ...times } = bare;
    const floor = { ...times, whole_ms: round((bare.encoder_ms ?? 0) + bare.hops_ms) };
    const light = {} as Record<'short' | 'medium' | 'long' | 'repeated', Measured>;
    const count = Math.max(60, seconds * 20);
    for (const length of ['short', 'medium', 'long'] as const) {
      say(`one at a time: ${length} texts`);
      light[length] = await load.closed(count, 1, next(length));
    }
    say('one at a time: texts decided before');
    light.repeated = await load.closed(count, 1, (i) => textOf(i % 20, 'short'));
    say(`as many as it takes for ${seconds} s`);
    const before = system?.usage();
    const saturation = await load.saturate(seconds, 64, next('short'));
    const after = system?.usage();
    say('half of that, arriving at random');
    const half = await load.open(seconds, saturation.per_second * 0.5, next('short'));
    say('80 % of that, arriving at random');
    const eighty = await load.open(seconds, saturation.per_second * 0.8, next('short'));
    show(stage, 1);
    const perDecision = (seconds_: number) => round((1000 * seconds_) / Math.max(1, saturation.decided));
    return {
      at: new Date().toISOString(),
      machine: {
        cores: cpus().length,
        model: cpus()[0]?.model ?? 'unknown',
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
      },
      ...(system ? { ready_seconds: round(system.readySeconds) } : {}),
      floor: {
        ...floor,
        hops_ms: round(floor.hops_ms),
        ...(floor.encoder_ms ? { encoder_ms: round(floor.encoder_ms) } : {}),
      },
      light,
      saturation,
      half,
      eighty,
      ratios: ratiosOf(floor, light),
      ...(before && after
        ? {
            usage: {
              cpu_ms_per_decision: {
                actors: perDecision(after.actors.cpu_seconds - before.actors.cpu_seconds),
                nats: perDecision(after.nats.cpu_seconds - before.nats.cpu_seconds),
              },
              memory_mb: { actors: after.actors.memory_mb, nats: after.nats.memory_mb },
            },
          }
        : {}),
    };
  } finally {
    load.close();
    await encoder?.close();
    await bus.close();
    await system?.stop();
  }
}

function ratiosOf(floor: { hops_ms: number; whole_ms: number }, light: BenchReport['light']): Record<string, number> {
  const { short, repeated } = light;
  return {
    'decision, short text, over its floor': round(short.p50_ms / floor.whole_ms),
    ...(short.full_p50_ms === undefined
      ? {}
      : { 'with the encoder, over the floor with it': round(short.full_p50_ms / floor.whole_ms) }),
    ...(short.early_p50_ms === undefined
      ? {}
      : { 'early exit, over the floor without the encoder': round(short.early_p50_ms / floor.hops_ms) }),
    'decided before, over the floor without the encoder': round(repeated.p50_ms / floor.hops_ms),
  };
}
