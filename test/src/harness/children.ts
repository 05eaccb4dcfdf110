// Child processes of a whole-system test: started through the command line a user has, killed -9 and started again at will.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from '@cortex/bus/testing';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));

export interface Child {
  /** What it is, such as `coordinator` or `worker Hardware`. */
  readonly name: string;
  alive(): boolean;
  pid(): number | undefined;
  /** Times it ended without being asked to. */
  crashes(): number;
  /** What it wrote to standard error, the last 64 KiB. */
  stderr(): string;
  /** kill -9, and gone. */
  kill(): Promise<void>;
  /** Starts it again. */
  restart(): void;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `limitMs`. */
  stop(limitMs?: number): Promise<void>;
}

/** Starts `cortex ARGS…` as a child. */
export function startCortex(name: string, args: string[], env: Record<string, string> = {}): Child {
  return startProgram(name, CORTEX, args, env);
}

/** Starts a JavaScript file as a child. */
export function startProgram(name: string, file: string, args: string[], env: Record<string, string> = {}): Child {
  let process_: ChildProcess | undefined;
  let expected = false;
  let crashes = 0;
  let stderr = '';
  const start = () => {
    expected = false;
    const child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    process_ = endsWithUs(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-65_536);
    });
    child.once('exit', () => {
      if (!expected) crashes++;
    });
  };
  const gone = (child: ChildProcess) =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((resolve) => child.once('exit', () => resolve()));
  start();
  return {
    name,
    alive: () => process_ !== undefined && process_.exitCode === null && process_.signalCode === null,
    pid: () => process_?.pid,
    crashes: () => crashes,
    stderr: () => stderr,
    async kill() {
      expected = true;
      process_?.kill('SIGKILL');
      if (process_) await gone(process_);
    },
    restart: start,
    signal: (signal) => void process_?.kill(signal),
    async stop(limitMs = 15_000) {
      if (!process_) return;
      expected = true;
      const child = process_;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
      await gone(child);
      clearTimeout(timer);
    },
  };
}
