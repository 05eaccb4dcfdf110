// One builder a model and machine: who comes second waits and takes what the first has made.
import { open, readFile, rm, stat } from 'node:fs/promises';

/** A lock older than this was left behind, whatever process has its number now. */
const STALE_MS = 30 * 60_000;

/** Takes the lock; undefined when another living process has it. The result gives it back. */
export async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await held(path)) return undefined;
      await rm(path, { force: true });
    }
  }
  return undefined;
}

async function held(path: string): Promise<boolean> {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const age = Date.now() - mtimeMs;
    if (age > STALE_MS) return false;
    // Just made and not yet written.
    if (content === '') return age < 5_000;
    process.kill(Number(content), 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
