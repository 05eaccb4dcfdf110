// Memory and handles of a process: as the kernel counts them, and what of it is in use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Resident MiB; NaN when the process is gone. */
export function residentMiB(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return Number.NaN;
  }
}

/** Open file descriptors. */
export function handles(pid: number | undefined): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

/** Least-squares slope of values over time, per unit of time, and its standard error (of independent residuals). */
export function slope(points: readonly (readonly [number, number])[]): { perUnit: number; standardError: number } {
  const n = points.length;
  const mean = (i: 0 | 1) => points.reduce((sum, point) => sum + point[i], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const under = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  const perUnit = under === 0 ? 0 : over / under;
  const residual = points.reduce((sum, [a, b]) => sum + (b - y - perUnit * (a - x)) ** 2, 0);
  return { perUnit, standardError: n > 2 && under > 0 ? Math.sqrt(residual / (n - 2) / under) : Number.NaN };
}

/** What a thread of a process says about itself after each full collection of garbage: each has a heap of its own, the encoder's too. */
export interface LiveMemory {
  readonly pid: number;
  /** 0: the main thread. */
  readonly thread: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Bytes that something still refers to, in the thread's heap and beside it. */
  readonly live: number;
  /** Of the whole process. */
  readonly resident: number;
}

/**
 * NODE_OPTIONS and the rest of the environment with which a process collects its garbage every `everyMs` and appends what is left to a file.
 * Resident memory alone says little in an hour: a heap grows for as long as it is cheaper than collecting.
 */
export function tellingMemory(file: string, everyMs: number): Record<string, string> {
  return {
    CHAOS_MEMORY: file,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
      import { appendFileSync } from 'node:fs';
      import v8 from 'node:v8';
      import vm from 'node:vm';
      import { threadId } from 'node:worker_threads';
      v8.setFlagsFromString('--expose-gc');
      const gc = vm.runInNewContext('gc');
      setInterval(() => {
        gc();
        const { heapUsed, external, rss } = process.memoryUsage();
        const line = { pid: process.pid, thread: threadId, at: Date.now(), live: heapUsed + external, resident: rss };
        appendFileSync(process.env.CHAOS_MEMORY, JSON.stringify(line) + '\\n');
      }, ${everyMs}).unref();
    `)}`,
  };
}

export function readMemory(file: string): LiveMemory[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LiveMemory);
}
