// The system under load: `cortex up` as a user starts it, in a folder and on a port of its own, ended when the bench ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface System {
  readonly url: string;
  /** Of `cortex up` itself. */
  readonly pid: number | undefined;
  /** Processor seconds so far and resident MiB, of the actors and of the nats-server; undefined where /proc is not there. */
  usage(): { actors: Usage; nats: Usage } | undefined;
  /** Seconds until everything was ready. */
  readonly readySeconds: number;
  stop(): Promise<void>;
}

export interface Usage {
  readonly cpu_seconds: number;
  readonly memory_mb: number;
}

export interface SystemOptions {
  /** How many of each actor, as for `cortex up`. */
  readonly actors?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `cortex up`. */
  readonly args?: readonly string[];
  /** Arguments of Node, such as `--cpu-prof`. */
  readonly node?: readonly string[];
  /** What starts it, such as `taskset -c 0`; what it starts is bound by the same. */
  readonly before?: readonly string[];
  /** Its folder, kept afterwards; default: a new one that goes with the system. */
  readonly home?: string;
  /** The built checkout to run; default: this one. */
  readonly checkout?: string;
}

/** Throws when it does not come up, with what it said last. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const { actors, checkout } = options;
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'cortex-bench-')));
  const port = await freePort();
  const began = Date.now();
  const main = checkout === undefined ? MAIN : join(checkout, 'ops/dist/cli/main.js');
  const bus = options.args?.includes('--nats') ? [] : ['--port', String(port)];
  const up = ['up', '--json', '--no-dashboard', ...bus, ...(actors ? ['--actors', actors] : [])];
  const [program = '', ...args] = [
    ...(options.before ?? []),
    process.execPath,
    ...(options.node ?? []),
    main,
    ...up,
    ...(options.args ?? []),
  ];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CORTEX_HOME: home, CORTEX_MODELS: join(home, 'models'), NATS_URL: '', ...options.env },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const stop = async () => {
    await end(child);
    if (options.home === undefined) await rm(home, { recursive: true, force: true });
  };
  try {
    const ready = await firstLine(child, 180_000);
    const { nats } = JSON.parse(ready) as { nats: { url: string; pid?: number } };
    return {
      url: nats.url,
      pid: child.pid,
      readySeconds: (Date.now() - began) / 1000,
      usage: () => {
        const actorsUsage = usageOf(child.pid);
        const natsUsage = usageOf(nats.pid);
        return actorsUsage && natsUsage ? { actors: actorsUsage, nats: natsUsage } : undefined;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`cortex up did not come up: ${(error as Error).message}\n${said}`);
  }
}

function firstLine(child: ChildProcess, patienceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`not ready after ${patienceMs / 1000} s`)), patienceMs);
    child.once('exit', (code) => reject(new Error(`it ended with exit code ${code}`)));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve(text.slice(0, end));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

/** Linux only; a clock tick is a hundredth of a second there. */
function usageOf(pid: number | undefined): Usage | undefined {
  if (pid === undefined || !existsSync(`/proc/${pid}/stat`)) return undefined;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return {
    cpu_seconds: (Number(fields[11]) + Number(fields[12])) / 100,
    memory_mb: Math.round((pages * 4096) / 1_048_576),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
