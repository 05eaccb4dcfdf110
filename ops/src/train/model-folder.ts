// The folder of a model that somebody names: a folder as it is, or a version, brought from the registry when it is not here yet.
import { stat } from 'node:fs/promises';
import { type Bus, parseName, readMark } from '@cortex/bus';
import { modelFolders } from './folders.js';
import { archived, type LocalFamily, openRegistry } from './registry.js';

/** Undefined when it names neither a folder nor a version. `withBus` is called only for a version that is not on this machine. */
export async function folderOfModel(
  model: string,
  withBus: (work: (bus: Bus) => Promise<string>) => Promise<string>,
): Promise<string | undefined> {
  if ((await stat(model).catch(() => undefined))?.isDirectory()) return model;
  const family = parseName(model)?.family;
  if (family === undefined || !isLocal(family)) return undefined;
  const folder = archived(model, family);
  // Loading checks the hashes; the mark says that it came whole from the registry.
  if ((await readMark(folder))?.name === model) return folder;
  return withBus(async (bus) => (await openRegistry(bus)).fetch(model, folder));
}

function isLocal(family: string): family is LocalFamily {
  return family in modelFolders().roots;
}
