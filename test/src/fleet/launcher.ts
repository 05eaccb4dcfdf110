// Starts worker processes and starts them again when they end or their loop stands still, as `cortex up --processes` does. The same with
// and without a watchdog.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/fleet/worker-process.js', import.meta.url));
/** `cortex up` waits 30 s; time is compressed here. */
const STILL_MS = 10_000;
const RESTART_MS = 500;

export interface Launched {
  readonly name: string;
  readonly master: string;
  pid(): number | undefined;
  restarts(): number;
  signal(signal: NodeJS.Signals): void;
}

export interface Launcher {
  readonly workers: readonly Launched[];
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export function launchWorkers(plans: readonly { name: string; master: string }[], natsUrl: string): Launcher {
  let stopping = false;
  const all = plans.map(({ name, master }) => {
    let child: ChildProcess;
    let restarts = 0;
    let heardAt = Date.now();
    let up: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      up = resolve;
    });
    const start = () => {
      heardAt = Date.now() + 20_000;
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
    start();
    const watch = setInterval(() => {
      if (Date.now() - heardAt > STILL_MS) child.kill('SIGKILL');
    }, 1_000);
    const launched: Launched = {
      name,
      master,
      pid: () => child.pid,
      restarts: () => restarts,
      signal: (signal) => void child.kill(signal),
    };
    const end = async () => {
      clearInterval(watch);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    };
    return { launched, ready, end };
  });
  return {
    workers: all.map(({ launched }) => launched),
    ready: async () => void (await Promise.all(all.map(({ ready }) => ready))),
    async stop() {
      stopping = true;
      await Promise.all(all.map(({ end }) => end()));
    },
  };
}
