// A real nats-server per suite, on a free loopback port with a data folder of its own; it can be killed and brought back.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithUs } from './ends-with-us.js';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly pid: () => number | undefined;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Path of the binary tests use, or the reason why there is none. `CORTEX_REQUIRE_ALL=1` turns the reason into an error. */
export function testServerBinary(): { path: string } | { missing: string } {
  const path = process.env.CORTEX_NATS_SERVER;
  if (path) return { path };
  const missing = 'no nats-server: CORTEX_NATS_SERVER is not set (npm test finds or fetches one)';
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
  return { missing };
}

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface TestServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Its data; stays when it stops. Default: a folder of its own that goes with it. */
  readonly dir?: string;
  /** A command line that runs it, such as `ip netns exec NAME`. */
  readonly via?: readonly string[];
}

/** Starts a server with JetStream. `args` are added to its command line. */
export async function startTestServer(args: string[] = [], options: TestServerOptions = {}): Promise<TestServer> {
  const binary = testServerBinary();
  if ('missing' in binary) throw new Error(binary.missing);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'cortex-nats-')));
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort());
  let child: ChildProcess | undefined;
  const start = async () => {
    const [program = binary.path, ...before] = [...(options.via ?? []), binary.path];
    child = endsWithUs(
      spawn(program, [...before, '-a', host, '-p', String(port), '-js', '-sd', dir, ...args], { stdio: 'ignore' }),
    );
    await untilOpen(host, port, child);
  };
  const kill = async () => {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url: `nats://${host}:${port}`,
    port,
    pid: () => child?.pid,
    kill,
    restart: start,
    async stop() {
      await kill();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilOpen(host: string, port: number, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with code ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = tcpConnect(port, host);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nats-server did not open port ${port} within 10 s`);
}

/** Polls until `probe` gives something truthy; throws with `what` after `limitMs`. */
export async function until<T>(what: string, probe: () => T | Promise<T>, limitMs = 15_000): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
