// A whole system as `npm start` gives it, in a folder of its own, with its dashboard.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, until } from '@cortex/bus/testing';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));

export interface Printed {
  readonly nats: { url: string; pid: number };
  readonly dashboard: { url: string; link: string };
}

export interface Running<T> {
  readonly ready: T;
  /** CORTEX_HOME. */
  readonly home: string;
  stop(): Promise<void>;
}

/** `cortex up` with these further arguments, and these further variables. */
export async function startSystem(args: string[], env: Record<string, string> = {}): Promise<Running<Printed>> {
  const [port, dashboard] = await Promise.all([freePort(), freePort()]);
  return start<Printed>(['up', '--json', '--port', String(port), '--dashboard-port', String(dashboard), ...args], env);
}

/** `cortex up` with these arguments and this environment, ready. */
export async function startUp(args: string[], env: Record<string, string>): Promise<Running<unknown>> {
  return start(['up', '--json', ...args], env);
}

/** `cortex dashboard` alone, for the bus at `nats`. */
export async function startDashboardAlone(
  nats: string,
  options: { readonly token?: string; readonly port?: number } = {},
): Promise<Running<{ url: string; link: string }>> {
  const args = ['dashboard', '--json', '--nats', nats, '--port', String(options.port ?? (await freePort()))];
  return start(args, options.token === undefined ? {} : { CORTEX_DASHBOARD_TOKEN: options.token });
}

async function start<T>(args: string[], more: Record<string, string> = {}): Promise<Running<T>> {
  const home = await mkdtemp(join(tmpdir(), 'cortex-dashboard-'));
  const { NATS_URL: _url, NATS_CREDS: _creds, OTEL_EXPORTER_OTLP_ENDPOINT: _otlp, ...env } = process.env;
  const child = spawn(process.execPath, [CORTEX, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Rules and words are enough here, and there at once.
    env: { ...env, CORTEX_HOME: home, CORTEX_ENCODER: 'none', ...more },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err = (err + text).slice(-16_384);
  });
  await until(`cortex ${args[0]} to be ready`, () => out.includes('\n') || child.exitCode !== null, 60_000);
  if (!out.includes('\n')) throw new Error(`cortex ${args.join(' ')} ended: ${err}`);
  return {
    ready: JSON.parse(out) as T,
    home,
    async stop() {
      await end(child);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await gone;
  clearTimeout(timer);
}
