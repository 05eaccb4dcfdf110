// A real Jaeger on free loopback ports: takes OTLP over HTTP, answers its query API.
import { spawn } from 'node:child_process';
import { freePort, until } from '@cortex/bus/testing';

export interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly processID: string;
  readonly references: { refType: string; spanID: string }[];
  readonly tags: { key: string; value: unknown }[];
  readonly startTime: number;
  readonly duration: number;
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: JaegerSpan[];
  readonly processes: Record<string, { serviceName: string }>;
}

export interface Jaeger {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly otlp: string;
  trace(id: string): Promise<JaegerTrace | undefined>;
  services(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Path of the binary, or the reason why there is none. `CORTEX_REQUIRE_ALL=1` turns the reason into an error. */
export function jaegerBinary(): { path: string } | { missing: string } {
  const path = process.env.CORTEX_JAEGER;
  if (path) return { path };
  const missing = 'no Jaeger: CORTEX_JAEGER is not set';
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
  return { missing };
}

export async function startJaeger(binary: string): Promise<Jaeger> {
  const [otlpHttp, otlpGrpc, queryHttp, queryGrpc, admin, collectorHttp, collectorGrpc] = await Promise.all(
    Array.from({ length: 7 }, freePort),
  );
  const on = (port: number | undefined) => `127.0.0.1:${port}`;
  let output = '';
  const child = spawn(
    binary,
    [
      `--collector.otlp.http.host-port=${on(otlpHttp)}`,
      `--collector.otlp.grpc.host-port=${on(otlpGrpc)}`,
      `--query.http-server.host-port=${on(queryHttp)}`,
      `--query.grpc-server.host-port=${on(queryGrpc)}`,
      `--admin.http.host-port=${on(admin)}`,
      `--collector.http-server.host-port=${on(collectorHttp)}`,
      `--collector.grpc-server.host-port=${on(collectorGrpc)}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SPAN_STORAGE_TYPE: 'memory' } },
  );
  const keep = (text: string) => {
    output = (output + text).slice(-16_384);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  const query = `http://${on(queryHttp)}/api`;
  const get = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(query + path).catch(() => undefined);
    return response?.ok ? ((await response.json()) as { data: T }).data : undefined;
  };
  await until(
    'Jaeger to answer',
    async () => {
      if (child.exitCode !== null) throw new Error(`Jaeger ended with code ${child.exitCode}:\n${output}`);
      return (await fetch(`${query}/services`).catch(() => undefined))?.ok;
    },
    30_000,
  );
  return {
    otlp: `http://${on(otlpHttp)}`,
    trace: async (id) => (await get<JaegerTrace[]>(`/traces/${id}`))?.[0],
    services: async () => (await get<string[]>('/services')) ?? [],
    async stop() {
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
