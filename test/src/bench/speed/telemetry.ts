// What telemetry costs: the same system with it switched off, with traces and metrics sent to a collector, and with a collector that is not there.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fresh, turns } from './parts.js';
import { type Figures, type Ratio, ratioOf } from './side.js';

/** Port 9 (discard): nobody is there. */
const NOBODY = 'http://127.0.0.1:9';

export interface TelemetryRow {
  readonly what: string;
  readonly ratio: Ratio;
  readonly reach?: string;
}

/**
 * Decisions a second and the actors' own processor time a decision, each over those of the system whose telemetry is off: first as texts come, with the
 * early exit of easy ones, then with every text before the whole ensemble. The collector only takes what comes, in this process: what a real one does
 * with it is its own cost, and a real one has its own machine.
 */
export async function telemetryCost(rounds: number, say: (line: string) => void): Promise<TelemetryRow[]> {
  return [
    ...(await costOf('', {}, rounds, say)),
    ...(await costOf(
      'every text before the whole ensemble, ',
      { CORTEX_ROUTER_SETTINGS: JSON.stringify({ early_exit: false }) },
      rounds,
      say,
    )),
  ];
}

async function costOf(
  how: string,
  env: Readonly<Record<string, string>>,
  rounds: number,
  say: (line: string) => void,
): Promise<TelemetryRow[]> {
  const collector = await swallowing();
  try {
    const { off = [], ...others } = await turns(
      {
        off: { env: { ...env, OTEL_SDK_DISABLED: 'true' } },
        on: { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } },
        dead: { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY } },
      },
      rounds,
      // Long enough for the traces that a quiet time saves up to be used up.
      () => fresh(1_000, 32),
    );
    say(`${how}the collector took ${collector.requests()} requests, ${Math.round(collector.bytes() / 1024)} KiB`);
    const of = (figures: readonly Figures[], key: string) => figures.map((figure) => figure[key] ?? Number.NaN);
    return Object.entries(others).flatMap(([way, figures]) => [
      {
        what: `decisions a second, ${how}telemetry ${NAMES[way]}, over off`,
        ratio: ratioOf(of(figures, 'per_second'), of(off, 'per_second')),
        reach: '≥ 0.95',
      },
      {
        what: `processor of the actors a decision, ${how}telemetry ${NAMES[way]}, over off`,
        ratio: ratioOf(of(figures, 'actors'), of(off, 'actors')),
      },
    ]);
  } finally {
    collector.close();
  }
}

const NAMES: Readonly<Record<string, string>> = {
  on: 'sent to a collector',
  dead: 'sent to nobody',
};

/** A collector that takes whatever comes. */
export async function swallowing() {
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    requests++;
    request
      .on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      })
      .on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    bytes: () => bytes,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
