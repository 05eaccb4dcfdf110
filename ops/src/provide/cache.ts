// Where fetched things are kept, and how they get there: written aside, checked, then renamed into place, so that a
// reader never sees half a file and two processes at once cost at most one fetch too many.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withLock } from '../../bin/prepare/lock.mjs';

/** `$CORTEX_CACHE`, else `$XDG_CACHE_HOME/cortex`, else `~/.cache/cortex`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CORTEX_CACHE) return env.CORTEX_CACHE;
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'cortex');
  return join(env.HOME || homedir(), '.cache', 'cortex');
}

export interface Keep {
  /** The folder it shall have. */
  folder: string;
  /** Looks whether `folder` holds the whole thing; anything else than `undefined` says what is wrong. */
  flaw: (folder: string) => Promise<string | undefined>;
  /** Puts the files into the (empty) folder it is given. */
  fill: (folder: string) => Promise<void>;
  /** Called when another process is at it. */
  onWait?: () => void;
}

/**
 * Fills `folder` once, whoever asks at the same time; a damaged one is replaced.
 * @throws whatever `fill` throws, or an Error naming the flaw when what was fetched is not whole.
 */
export async function keep({ folder, flaw, fill, onWait }: Keep): Promise<string> {
  await withLock(
    `${folder}.lock`,
    async () => {
      if ((await flaw(folder)) === undefined) return;
      const aside = `${folder}.new-${randomUUID()}`;
      try {
        await mkdir(aside, { recursive: true });
        await fill(aside);
        const wrong = await flaw(aside);
        if (wrong !== undefined) throw new Error(wrong);
        await rm(folder, { recursive: true, force: true });
        await rename(aside, folder);
      } finally {
        await rm(aside, { recursive: true, force: true });
      }
    },
    { onWait },
  );
  return folder;
}

/** A folder for downloads, gone afterwards. */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-fetch-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hex digest of a file's bytes. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
