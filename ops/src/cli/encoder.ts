// The encoder for commands that think in this process.
import { join } from 'node:path';
import type { Encoder } from '@cortex/models';
import { cacheFolder, provideEncoder } from '../provide/index.js';
import { note } from './output/index.js';

/** Found or fetched; undefined with a line that says why. `remember`: use and keep vectors on disk, shared with the routers. */
export async function openEncoder(options: { remember: boolean }): Promise<Encoder | undefined> {
  const { loadEncoder } = await import('@cortex/models');
  const found = await provideEncoder({ log: (line) => note(`cortex: ${line}`) });
  if (found.found)
    return loadEncoder(
      found.folder,
      options.remember ? { cacheFolder: join(cacheFolder(process.env), 'vectors') } : {},
    );
  note(`cortex: no encoder, words alone: ${found.reason.split('\n')[0]}`);
  return undefined;
}
