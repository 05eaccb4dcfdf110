// Runs a program to its end and keeps what it said. Asynchronous on purpose: the lock's owner must stay able to
// refresh it while pip or Go works for minutes.
import { spawn } from 'node:child_process';

export interface Finished {
  code: number | null;
  /** Standard output and standard error, the last 64 KiB of each. */
  out: string;
  err: string;
}

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  cwd?: string;
}

const KEEP = 65_536;

/** @throws Error (`ENOENT` when there is no such program, `AbortError` when the signal fires). */
export function run(command: string, args: readonly string[], { env, signal, cwd }: RunOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, signal, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] });
    const finished: Finished = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      finished.out = (finished.out + chunk.toString()).slice(-KEEP);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      finished.err = (finished.err + chunk.toString()).slice(-KEEP);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...finished, code }));
  });
}

/** The last line that says something: what a person would read first. */
export function lastWords({ out, err }: Finished): string {
  const lines = `${out}\n${err}`.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '')?.slice(0, 300) ?? 'it said nothing';
}
