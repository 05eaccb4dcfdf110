// Starts worker processes and starts them again when they end or their loop stands still, as `cortex up --processes` does. The same with
// and without a watchdog.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/fleet/worker-process.js', import.meta.url));
/** `cortex up` waits 30 s; time is compressed here. */
const STILL_MS = 10_000;
const RESTART_MS = 500;
/** Starting costs most of a second of processor each: so many at once, or all are slow. */
const ABREAST = 3;
/** No further worker up within so long: something is broken, however slow the machine. */
const NO_PROGRESS_MS = 300_000;

export interface Launched {
  readonly name: string;
  readonly master: string;
  pid(): number | undefined;
  restarts(): number;
  signal(signal: NodeJS.Signals): void;
}

export interface Launcher {
  readonly workers: readonly Launched[];
  /** Starts them, a few at a time, and waits for all. Rejects when none comes up any more. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function launchWorkers(plans: readonly { name: string; master: string }[], natsUrl: string): Launcher {
  let stopping = false;
  const all = plans.map(({ name, master }) => {
    let child: ChildProcess | undefined;
    let restarts = 0;
    /** Undefined until it said its first word: how long a start takes is the machine's affair. */
    let heardAt: number | undefined;
    let up: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      up = resolve;
    });
    const start = () => {
      heardAt = undefined;
      child = fork(PROGRAM, [name, master], {
        env: { ...process.env, NATS_URL: natsUrl, OTEL_SDK_DISABLED: 'true' },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.on('message', () => {
        heardAt = Date.now();
        up();
      });
      child.once('exit', () => {
        if (stopping) return;
        restarts++;
        setTimeout(() => stopping || start(), RESTART_MS).unref();
      });
    };
    const watch = setInterval(() => {
      if (heardAt !== undefined && Date.now() - heardAt > STILL_MS) child?.kill('SIGKILL');
    }, 1_000);
    const launched: Launched = {
      name,
      master,
      pid: () => child?.pid,
      restarts: () => restarts,
      signal: (signal) => void child?.kill(signal),
    };
    const end = async () => {
      clearInterval(watch);
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null) return;
      const gone = new Promise((resolve) => last.once('exit', resolve));
      last.kill('SIGKILL');
      await gone;
    };
    return { launched, start, ready, end };
  });
  return {
    workers: all.map(({ launched }) => launched),
    async start() {
      const waiting = [...all];
      const lane = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          next.start();
          await inTime(next.ready, `${next.launched.name} to come up`);
        }
      };
      await Promise.all(Array.from({ length: ABREAST }, lane));
    },
    async stop() {
      stopping = true;
      await Promise.all(all.map(({ end }) => end()));
    },
  };
}

async function inTime(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${NO_PROGRESS_MS / 1_000} s for ${what}`)), NO_PROGRESS_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
