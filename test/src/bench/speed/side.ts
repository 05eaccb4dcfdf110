// A system under load as one side of a comparison: sides take turns on one machine, so that whatever else it does hits all of them.
import { type Bus, connectBus } from '@cortex/bus';
import { Load, measureFloor, routerReady, type System, type SystemOptions, startSystem } from '@cortex/ops';
import { quantile } from '../../harness/statistics.js';

/** What one turn gave; every turn of a side has the same keys. */
export type Figures = Readonly<Record<string, number>>;

export interface Side {
  readonly system: System;
  readonly bus: Bus;
  readonly load: Load;
  close(): Promise<void>;
}

/** Throws when the system does not come up. */
export async function openSide(options: SystemOptions = {}): Promise<Side> {
  const system = await startSystem(options);
  try {
    const bus = await connectBus({ servers: system.url, name: 'bench', waitMs: 5_000 });
    await routerReady(bus);
    const load = new Load(bus);
    return {
      system,
      bus,
      load,
      async close() {
        load.close();
        await bus.close();
        await system.stop();
      },
    };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

export interface Turn {
  readonly tasks: number;
  readonly under: number;
  readonly text: (n: number) => string;
}

/** Milliseconds of processor a decision (`actors`, `nats`), `per_second`, `p50_ms`, `p99_ms`, and `late` tasks. */
export async function decide(side: Side, { tasks, under, text }: Turn): Promise<Figures> {
  const before = side.system.usage();
  const measured = await side.load.closed(tasks, under, text);
  const after = side.system.usage();
  const each = (seconds: number) => (1_000 * seconds) / Math.max(1, measured.decided);
  return {
    actors: before && after ? each(after.actors.cpu_seconds - before.actors.cpu_seconds) : Number.NaN,
    nats: before && after ? each(after.nats.cpu_seconds - before.nats.cpu_seconds) : Number.NaN,
    per_second: measured.per_second,
    p50_ms: measured.p50_ms,
    p99_ms: measured.p99_ms,
    late: measured.late,
  };
}

/** The bare hops of a decision on the same server (see `measureFloor`): processor of both ends a round (`cpu`), and `p50_ms`. */
export async function hops(side: Side): Promise<Figures> {
  const natsBefore = side.system.usage()?.nats.cpu_seconds ?? Number.NaN;
  const own = process.cpuUsage();
  const { hops_ms, rounds } = await measureFloor(side.bus, undefined);
  const { user, system } = process.cpuUsage(own);
  const nats = (side.system.usage()?.nats.cpu_seconds ?? Number.NaN) - natsBefore;
  return { cpu: ((user + system) / 1_000 + nats * 1_000) / rounds, p50_ms: hops_ms };
}

/** The median of turn-by-turn ratios, and the middle half. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export function ratioOf(above: readonly number[], below: readonly number[]): Ratio {
  const ratios = above.map((value, i) => value / (below[i] ?? Number.NaN)).filter(Number.isFinite);
  const at = (q: number) => Math.round(quantile(ratios, q) * 1_000) / 1_000;
  return { ratio: at(0.5), low: at(0.25), high: at(0.75) };
}
