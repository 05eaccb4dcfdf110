// Named files out of a zip (a wheel is one too).
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

export interface Wanted {
  /** Tells the entry by its path inside the archive. */
  entry: (path: string) => boolean;
  /** The name it gets in the folder. */
  as: string;
}

/** @throws Error when the archive is damaged or lacks an entry. */
export async function extract(archive: string, wanted: readonly Wanted[], folder: string): Promise<void> {
  const files = unzipSync(await readFile(archive), { filter: ({ name }) => wanted.some(({ entry }) => entry(name)) });
  for (const { entry, as } of wanted) {
    const name = Object.keys(files).find(entry);
    const bytes = name === undefined ? undefined : files[name];
    if (!bytes) throw new Error(`${archive} holds no ${as}`);
    await writeFile(join(folder, as), bytes);
  }
}
