// The librarian's index for commands that work on it in this process: where it lies, its encoder, and what can be wrong with it.
import { join } from 'node:path';
import type { Library } from '@cortex/actor-librarian';
import { cacheFolder, provideEncoder } from '../provide/index.js';
import { modelFolders } from '../train/folders.js';
import { homeFolder } from '../up/home.js';
import { Failed, Unreachable } from './failures.js';
import { countBar, note } from './output/index.js';

/** `CORTEX_KNOWLEDGE`, else `knowledge-base/vectors` in the home folder of `cortex up`. */
export function libraryFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.CORTEX_KNOWLEDGE || join(homeFolder(env), 'knowledge-base', 'vectors');
}

/** With the encoder that is there or can be fetched; `encoder: false` means words alone. */
export async function openLibrary(options: { encoder: boolean; milvus?: string | undefined }): Promise<Library> {
  const { Library } = await import('@cortex/actor-librarian');
  const folder = options.encoder ? await encoderFolder() : undefined;
  const milvus = 'milvus' in options ? options.milvus : process.env.MILVUS_URL || undefined;
  return reached(() =>
    Library.open({
      folder: libraryFolder(),
      ...(milvus ? { milvus } : {}),
      prefix: process.env.CORTEX_PREFIX || 'cortex',
      encoder: folder,
      vectorFolder: join(cacheFolder(process.env), 'vectors'),
      adapterFolder: modelFolders().encoder,
    }),
  );
}

async function encoderFolder(): Promise<string | undefined> {
  const found = await provideEncoder({ log: (line) => note(`cortex: ${line}`) });
  if (found.found) return found.folder;
  note(`cortex: no encoder, words alone: ${found.reason.split('\n')[0]}`);
  return undefined;
}

/** What the librarian throws, as a command's failure. */
export async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { EncoderChanged, StoreMismatch, StoreOutdated, StoreUnreachable } = await import('@cortex/actor-librarian');
    if (error instanceof StoreUnreachable)
      throw new Unreachable(`${error.message}: look at MILVUS_URL, or unset it to use the embedded store`);
    if (error instanceof StoreMismatch || error instanceof StoreOutdated || error instanceof EncoderChanged)
      throw new Failed(error.message);
    throw error;
  }
}

export interface Moved {
  from: string;
  to: string;
  passages: number;
}

/** Copies the index in use to another store: `milvus`, an address, or a folder. What was there of ours is replaced, the old one stays. */
export async function moveLibrary(target: string, say: (line: string) => void): Promise<Moved> {
  const { moveStore, openLance, openMilvus } = await import('@cortex/actor-librarian');
  const milvus =
    target === 'milvus' ? process.env.MILVUS_URL : /^(?:https?:\/\/)?[^/\s]+:\d+$/.test(target) ? target : undefined;
  if (target === 'milvus' && !milvus) throw new Failed('MILVUS_URL is not set: where is the Milvus to move to?');
  return reached(async () => {
    // Towards Milvus the source is the embedded store, whatever MILVUS_URL says by now.
    const library = await openLibrary({ encoder: false, ...(milvus ? { milvus: undefined } : {}) });
    try {
      const { dimensions } = library.store;
      const to = milvus
        ? await openMilvus({ address: milvus, prefix: process.env.CORTEX_PREFIX || 'cortex', dimensions })
        : await openLance({ folder: target, dimensions });
      try {
        say(`moving from ${library.store.where} to ${to.where}`);
        const all = Object.values(await library.counts()).reduce((sum, passages) => sum + passages, 0);
        const bar = countBar('moving', all, 'passages');
        return { from: library.store.where, to: to.where, passages: await moveStore(library.store, to, bar) };
      } finally {
        await to.close();
      }
    } finally {
      await library.close();
    }
  });
}
