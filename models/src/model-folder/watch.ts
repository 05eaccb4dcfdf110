// Watches the folder of a trained model. What appears there serves only after it was loaded and checked; what is refused is
// named once, and whatever served before serves on.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderLog {
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface FolderOptions<M> {
  readonly folder: string;
  /** Loads and checks; throws an error that says why not. */
  readonly load: (folder: string) => Promise<M>;
  /** Another model is there, or the folder was emptied (undefined). */
  readonly onModel: (model: M | undefined) => void;
  readonly log: FolderLog;
  /** Milliseconds between two looks. Default 2,000. */
  readonly everyMs?: number;
}

export interface FolderWatch {
  /** Looks now; resolves when what was found has been dealt with. */
  look(): Promise<void>;
  stop(): void;
}

export function watchModelFolder<M>(options: FolderOptions<M>): FolderWatch {
  const { folder, load, onModel, log } = options;
  let seen: string | undefined;
  let serving = false;
  let looking: Promise<void> | undefined;
  let stopped = false;
  const examine = async () => {
    const now = await fingerprint(folder);
    if (now === seen || stopped) return;
    if (now === '') {
      seen = now;
      if (serving) log.warn('the trained model is gone', { folder });
      serving = false;
      onModel(undefined);
      return;
    }
    try {
      const model = await load(folder);
      // Written to while it was read: what was loaded may be half of each.
      if ((await fingerprint(folder)) !== now) return;
      seen = now;
      if (stopped) return;
      serving = true;
      onModel(model);
    } catch (error) {
      if ((await fingerprint(folder)) !== now) return;
      seen = now;
      const reason = error instanceof Error ? error.message : String(error);
      log.error('this model is refused; what served before serves on', { folder, reason });
    }
  };
  const look = () => {
    looking ??= examine()
      .catch((error) => log.warn('cannot look into the model folder', { folder, error: String(error) }))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  const timer = setInterval(() => void look(), options.everyMs ?? 2_000);
  timer.unref();
  return {
    look,
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/** Names, sizes and times of all files; empty when there is none. */
async function fingerprint(folder: string): Promise<string> {
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  const facts = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs, ino } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${ino}`;
    }),
  );
  return facts.join('\n');
}
