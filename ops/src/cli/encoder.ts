// The encoder for commands that think in this process.
import { join } from 'node:path';
import type { Encoder } from '@cortex/models';
import { cacheFolder, provideEncoder } from '../provide/index.js';
import { note } from './output/index.js';

/** Folder of the encoder for whoever loads it elsewhere; empty, with a line that says why, when there is none. */
export async function findEncoder(): Promise<string> {
  const found = await provideEncoder({ log: (line) => note(`cortex: ${line}`) });
  if (found.found) return found.folder;
  note(`cortex: no encoder, words alone: ${found.reason.split('\n')[0]}`);
  return '';
}

/** Found or fetched; undefined with a line that says why. `remember`: use and keep vectors on disk, shared with the routers. */
export async function openEncoder(options: { remember: boolean }): Promise<Encoder | undefined> {
  const { loadEncoder } = await import('@cortex/models');
  const folder = await findEncoder();
  if (folder === '') return undefined;
  return loadEncoder(folder, options.remember ? { cacheFolder: join(cacheFolder(process.env), 'vectors') } : {});
}
