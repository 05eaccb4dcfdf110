// The dashboard beside an `up`: a process of its own, so that drawing never costs a decision; brought back when it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BusAddress } from '../cli/options.js';
import { backOff } from './back-off.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const READY_MS = 15_000;
const STOP_MS = 3_000;

export interface DashboardAddress {
  readonly url: string;
  /** What to open: on loopback it carries the token. */
  readonly link: string;
  readonly pid: number;
}

export interface DashboardProcess {
  /** Where it is; undefined when it did not come up in time. */
  readonly address: DashboardAddress | undefined;
  stop(): Promise<void>;
  kill(): void;
}

/** Starts it and waits until it listens. A dashboard that cannot start is told of and costs nothing else. */
export async function startDashboardProcess(
  bus: BusAddress,
  port: number | undefined,
  say: (line: string) => void,
): Promise<DashboardProcess> {
  let child: ChildProcess | undefined;
  let stopping = false;
  let address: (DashboardAddress & { port: number }) | undefined;
  let lastWords = '';
  const wait = backOff();
  const start = () => {
    // The same port again after a restart: pages that are open find it.
    const at = address?.port ?? port;
    const args = ['dashboard', ...(at === undefined ? [] : ['--port', String(at)])];
    const started = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Ctrl-C in the terminal reaches `up` alone.
      detached: true,
      env: {
        ...process.env,
        CORTEX_PREFIX: bus.prefix,
        NATS_URL: bus.servers,
        ...(bus.creds === undefined ? {} : { NATS_CREDS: bus.creds }),
      },
    });
    child = started;
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2_000);
    });
    started.on('message', (message) => {
      if (isAddress(message)) address = message;
    });
    started.on('error', () => undefined);
    started.once('exit', (code, signal) => {
      if (stopping) return;
      const why =
        lastWords
          .trim()
          .split('\n')
          .at(-1)
          ?.replace(/^cortex: /, '') ||
        (signal ?? `code ${code}`);
      lastWords = '';
      // It never came up: trying again would say the same.
      if (address === undefined) return;
      const delay = wait.next();
      say(`the dashboard ended (${why}): starting it again in ${Math.round(delay / 100) / 10} s`);
      setTimeout(() => void (stopping || start()), delay).unref();
    });
  };
  start();
  const end = Date.now() + READY_MS;
  while (address === undefined && Date.now() < end && child?.exitCode === null && child.signalCode === null)
    await sleep(20);
  if (address === undefined)
    say(
      `no dashboard: ${
        lastWords
          .trim()
          .split('\n')
          .at(-1)
          ?.replace(/^cortex: /, '') || 'it did not start in time'
      }`,
    );
  return {
    get address() {
      return address === undefined ? undefined : { url: address.url, link: address.link, pid: address.pid };
    },
    async stop() {
      stopping = true;
      const dying = child;
      if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => dying.once('exit', () => resolve()));
      dying.kill('SIGTERM');
      await Promise.race([gone, sleep(STOP_MS, undefined, { ref: false })]);
      if (dying.exitCode === null && dying.signalCode === null) dying.kill('SIGKILL');
      await gone;
    },
    kill() {
      stopping = true;
      child?.kill('SIGKILL');
    },
  };
}

function isAddress(message: unknown): message is DashboardAddress & { port: number } {
  return typeof message === 'object' && message !== null && (message as { cortex?: unknown }).cortex === 'dashboard';
}
