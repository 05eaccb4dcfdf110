// What telemetry costs: the same system switched off, pushing to a backend that takes everything, and pushing to one that is dead. All three run side by
// side and are loaded in turns, so that what else the machine does meets each alike.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectBus } from '@cortex/bus';
import { Load, round, routerReady } from './load.js';
import { quantile } from './statistics.js';
import { type System, startSystem } from './system.js';
import { textOf } from './texts.js';

export interface TelemetryBenchOptions {
  /** Seconds of load a turn. */
  readonly seconds: number;
  /** Turns of each; the median counts. Default 5. */
  readonly turns?: number;
  readonly say: (line: string) => void;
}

export type TelemetryMode = 'off' | 'on' | 'dead';

export interface TelemetryBenchReport {
  /** Decisions a second at saturation: the median over the turns, and every turn. */
  readonly per_second: Record<TelemetryMode, { median: number; turns: number[] }>;
  /** Of `on` and `dead` to `off`, in the same turn: the median. */
  readonly ratio: { on: number; dead: number };
  /** Bytes the backend took, so that it is seen to have got something. */
  readonly exported_bytes: number;
}

/** What decides, and nothing else: the rest would only add noise. */
const ACTORS = 'watchdog=0,recorder=0,trainer=0,deployer=0,librarian=0,predictor=0';
const IN_FLIGHT = 32;
const DEAD = 'http://127.0.0.1:9';

export async function benchTelemetry({
  seconds,
  turns = 5,
  say,
}: TelemetryBenchOptions): Promise<TelemetryBenchReport> {
  let bytes = 0;
  const backend = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const alive = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const environments: Record<TelemetryMode, Record<string, string>> = {
    off: { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    on: { OTEL_EXPORTER_OTLP_ENDPOINT: alive, OTEL_METRIC_EXPORT_INTERVAL: '2000', OTEL_METRIC_EXPORT_TIMEOUT: '1000' },
    dead: {
      OTEL_EXPORTER_OTLP_ENDPOINT: DEAD,
      OTEL_METRIC_EXPORT_INTERVAL: '2000',
      OTEL_METRIC_EXPORT_TIMEOUT: '1000',
    },
  };
  const modes = Object.keys(environments) as TelemetryMode[];
  const systems: System[] = [];
  const loads = new Map<TelemetryMode, Load>();
  const ends: (() => Promise<unknown>)[] = [];
  try {
    for (const mode of modes) {
      say(`starting a system with telemetry ${mode}`);
      const system = await startSystem({ actors: ACTORS, env: { CORTEX_ENCODER: 'none', ...environments[mode] } });
      systems.push(system);
      const bus = await connectBus({ servers: system.url, name: 'bench', waitMs: 5_000 });
      await routerReady(bus);
      const load = new Load(bus);
      loads.set(mode, load);
      ends.push(async () => {
        load.close();
        await bus.close();
      });
    }
    let n = 0;
    const measured: Record<TelemetryMode, number[]> = { off: [], on: [], dead: [] };
    // The first turn warms up. Who begins changes: the first of a turn meets what the last one left.
    for (let turn = 0; turn <= turns; turn++) {
      say(turn === 0 ? 'warming up' : `turn ${turn} of ${turns}`);
      for (let i = 0; i < modes.length; i++) {
        const mode = modes[(i + turn) % modes.length] as TelemetryMode;
        const { per_second } = (await loads.get(mode)?.saturate(seconds, IN_FLIGHT, () => textOf(n++, 'short'))) ?? {};
        if (turn > 0 && per_second !== undefined) measured[mode].push(per_second);
      }
    }
    const median = (values: number[]) =>
      round(
        quantile(
          [...values].sort((a, b) => a - b),
          0.5,
        ),
      );
    const ratio = (mode: TelemetryMode) =>
      median(measured[mode].map((value, turn) => value / (measured.off[turn] ?? value)));
    const of = (mode: TelemetryMode) => ({ median: median(measured[mode]), turns: measured[mode] });
    return {
      per_second: { off: of('off'), on: of('on'), dead: of('dead') },
      ratio: { on: ratio('on'), dead: ratio('dead') },
      exported_bytes: bytes,
    };
  } finally {
    for (const end of ends) await end().catch(() => undefined);
    await Promise.all(systems.map((system) => system.stop()));
    backend.closeAllConnections();
    backend.close();
  }
}
