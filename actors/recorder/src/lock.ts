// One recorder writes a folder at a time: two would overwrite each other's newest file. The one thing to know: the holder touches its lock
// every two seconds; a lock nobody touches for ten belongs to nobody.
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const TOUCH_MS = 2_000;
const STALE_MS = 10_000;

export interface FolderLock {
  /** False once somebody else took the folder, for example while this process was stopped for long. */
  held(): boolean;
  release(): Promise<void>;
}

interface Owner {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
}

/** Instances of this very process, so that a lock of a former process with the same id is told from a neighbour's. */
const here = new Set<string>();

/** Takes the folder, or says who has it. */
export async function lockFolder(folder: string, instance: string): Promise<FolderLock | { readonly holder: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, '.recorder.lock');
  const me: Owner = { instance, host: hostname(), pid: process.pid };
  for (let tries = 0; tries < 3; tries++) {
    if (await create(file, me)) break;
    const owner = await read(file);
    if (owner && !(await isGone(file, owner))) return { holder: `${owner.instance} on ${owner.host}` };
    // Only one of several can rename it away.
    const aside = `${file}.${instance}`;
    await rename(file, aside).catch(() => undefined);
    await rm(aside, { force: true });
  }
  const owner = await read(file);
  if (owner?.instance !== instance) return { holder: owner?.instance ?? 'somebody' };
  here.add(instance);
  let held = true;
  const timer = setInterval(async () => {
    const now = await read(file);
    if (now && now.instance !== instance) held = false;
    else await utimes(file, new Date(), new Date()).catch(() => undefined);
  }, TOUCH_MS);
  timer.unref();
  return {
    held: () => held,
    async release() {
      clearInterval(timer);
      here.delete(instance);
      if (held && (await read(file))?.instance === instance) await rm(file, { force: true });
      held = false;
    },
  };
}

async function create(file: string, owner: Owner): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(JSON.stringify(owner));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function read(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isGone(file: string, owner: Owner): Promise<boolean> {
  if (owner.host === hostname()) {
    if (owner.pid === process.pid) return !here.has(owner.instance);
    try {
      process.kill(owner.pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
    }
  }
  const touched = await stat(file).catch(() => undefined);
  return touched === undefined || Date.now() - touched.mtimeMs > STALE_MS;
}
