// What machines ask a process: is it alive, is it ready, and its metrics. One tiny server on loopback, in every process that runs actors.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MonitoredPart {
  readonly name: string;
  /** Of an actor: `ready` and `degraded` serve. */
  readonly state: string;
  readonly detail?: string | undefined;
}

/** Where another process of the same system is asked for its metrics: one target of Prometheus' http_sd. */
export interface MonitorTarget {
  readonly address: string;
  readonly actor: string;
}

export interface MonitorOptions {
  /** Whose readiness it is. No part at all: not ready yet. */
  readonly parts: () => readonly MonitoredPart[];
  /** Undefined: metrics are switched off. */
  readonly metricsText?: (() => Promise<string>) | undefined;
  /** Further processes to be scraped; with it `/targets` lists them and this one, in the form of Prometheus' http_sd. */
  readonly targets?: () => readonly MonitorTarget[];
  /** Of this process, in `/targets`. */
  readonly actor: string;
  /** Default: {@link monitorAddress} of the environment. */
  readonly at?: MonitorAddress | undefined;
}

export interface MonitorAddress {
  readonly host: string;
  readonly port: number;
  /** A port that was asked for is not replaced by another. */
  readonly exact: boolean;
}

export interface Monitor {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  /** `127.0.0.1:9464` */
  readonly address: string;
  close(): Promise<void>;
}

/** The port OpenTelemetry has for Prometheus. */
const DEFAULT_PORT = 9_464;
const NEXT_PORTS = 50;

/** A setting of the monitor that cannot be read, or an address that cannot be had. */
export class BadMonitorAddress extends Error {
  override readonly name = 'BadMonitorAddress';
}

/**
 * `CORTEX_MONITOR`: `off`, a port, or `host:port`; else OTEL_EXPORTER_PROMETHEUS_HOST and _PORT; else 127.0.0.1 and 9464 or the next free port.
 * Port 0 takes any. Undefined: off. Throws {@link BadMonitorAddress}.
 */
export function monitorAddress(env: NodeJS.ProcessEnv = process.env): MonitorAddress | undefined {
  const text = env.CORTEX_MONITOR?.trim() ?? '';
  if (text === 'off') return undefined;
  const host = env.OTEL_EXPORTER_PROMETHEUS_HOST || '127.0.0.1';
  if (text === '') {
    const port = env.OTEL_EXPORTER_PROMETHEUS_PORT;
    return port ? { host, port: portOf(port), exact: true } : { host, port: DEFAULT_PORT, exact: false };
  }
  const at = text.lastIndexOf(':');
  return at < 0
    ? { host, port: portOf(text), exact: true }
    : { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: portOf(text.slice(at + 1)), exact: true };
}

function portOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new BadMonitorAddress(`CORTEX_MONITOR: "${text}" is no port: give off, a port or host:port`);
  return Number(text);
}

/** Starts it; undefined when it is off. Throws {@link BadMonitorAddress} when the port that was asked for is taken. */
export async function startMonitor(options: MonitorOptions): Promise<Monitor | undefined> {
  const at = options.at ?? monitorAddress();
  if (!at) return undefined;
  const host = () => {
    const { address, port } = server.address() as AddressInfo;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, 'text/plain', 'only GET\n');
    if (path === '/healthz') return say(response, 200, 'text/plain', 'alive\n');
    if (path === '/readyz') return ready(response, options.parts());
    if (path === '/targets' && options.targets) {
      const all = [{ address: host(), actor: options.actor }, ...options.targets()];
      const list = all.map(({ address, actor }) => ({ targets: [address], labels: { actor } }));
      return say(response, 200, 'application/json', `${JSON.stringify(list)}\n`);
    }
    if (path === '/metrics') {
      if (!options.metricsText) return say(response, 404, 'text/plain', 'metrics are switched off\n');
      options.metricsText().then(
        (text) => say(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
        (error) => say(response, 500, 'text/plain', `${(error as Error).message}\n`),
      );
      return;
    }
    say(response, 404, 'text/plain', 'there are /healthz, /readyz and /metrics\n');
  });
  await listen(server, at);
  // It must not keep a process alive that is done.
  server.unref();
  return {
    url: `http://${host()}`,
    address: host(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function ready(response: ServerResponse, parts: readonly MonitoredPart[]): void {
  const serves = parts.length > 0 && parts.every(({ state }) => state === 'ready' || state === 'degraded');
  say(response, serves ? 200 : 503, 'application/json', `${JSON.stringify({ ready: serves, parts })}\n`);
}

function say(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

async function listen(server: ReturnType<typeof createServer>, { host, port, exact }: MonitorAddress): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      server.listen(tried > NEXT_PORTS ? 0 : port + tried, host);
      // Takes both listeners away again: one left at each port that is taken would warn on standard error.
      await once(server, 'listening');
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && !exact) continue;
      throw new BadMonitorAddress(
        `${host}:${port} cannot be listened on (${code}): set CORTEX_MONITOR to another address, or to off`,
      );
    }
  }
}
