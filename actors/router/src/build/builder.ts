// Builds a router in a process of its own, niced, so that asks are answered meanwhile; several routers of one machine build
// once and share. The one thing to know: what is built lies in a folder named after what it was built from, so a restart finds it.
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tryLock } from './lock.js';
import type { BuildNews, BuildOrder } from './order.js';

/** Thrown when the build process gave up or died. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
}

export interface BuildOptions {
  readonly signal: AbortSignal;
  /** Share of the examples that has been read, 0 to 1. */
  readonly onReading?: (share: number) => void;
}

// The compiled file, from `src` (tests) as from `dist`: a process cannot run TypeScript.
const PROCESS_FILE = new URL('../../dist/build/build-process.js', import.meta.url);
const WAIT_MS = 200;
/** Built models kept beside the newest: a master that is removed and added again finds the old one. */
const KEPT = 8;

/** Resolves when `order.out` is there. Throws {@link BuildFailed}, or the signal's reason. */
export async function build(wanted: Omit<BuildOrder, 'aside'>, options: BuildOptions): Promise<void> {
  const order: BuildOrder = { ...wanted, aside: `${wanted.out}.new-${randomUUID()}` };
  await mkdir(dirname(order.out), { recursive: true, mode: 0o700 });
  for (;;) {
    options.signal.throwIfAborted();
    if (await exists(order.out)) return;
    const release = await tryLock(`${order.out}.lock`);
    if (release) {
      try {
        if (!(await exists(order.out))) await runProcess(order, options);
      } finally {
        await rm(order.aside, { recursive: true, force: true });
        await release();
      }
      await forgetOld(dirname(order.out), order.out);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

function runProcess(order: BuildOrder, { signal, onReading }: BuildOptions): Promise<void> {
  const child: ChildProcess = fork(PROCESS_FILE, [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  // A build must not keep a router alive that wants to end.
  child.unref();
  child.channel?.unref();
  const stop = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-2_000);
  });
  return new Promise<void>((resolve, reject) => {
    let failure: string | undefined;
    child.on('message', (news: BuildNews) => {
      if (news.kind === 'reading') onReading?.(news.share);
      else if (news.kind === 'failed') failure = news.error;
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(new BuildFailed(failure ?? `the build process ended with ${killedBy ?? code}: ${lastWords.trim()}`));
    });
    child.send(order);
  });
}

/** Oldest out first; never the one just made. */
async function forgetOld(folder: string, keep: string): Promise<void> {
  try {
    const found = await Promise.all(
      (await readdir(folder, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory())
        .map(async (entry) => {
          const path = join(folder, entry.name);
          return { path, at: (await stat(path)).mtimeMs };
        }),
    );
    const old = found.filter(({ path }) => path !== keep).sort((a, b) => b.at - a.at);
    await Promise.all(old.slice(KEPT).map(({ path }) => rm(path, { recursive: true, force: true })));
  } catch {
    // Another router tidies up at the same moment.
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
