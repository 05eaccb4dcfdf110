// The registry of models with this machine's keys, and what a training by hand does with its result.
import { join } from 'node:path';
import { type Bus, type ModelRegistry, openModelRegistry, RevisionConflict, watchPresence } from '@cortex/bus';
import { type ModelFolders, modelFolders } from './folders.js';

export type LocalFamily = keyof ModelFolders['roots'];

export function openRegistry(bus: Bus, folders: ModelFolders = modelFolders()): Promise<ModelRegistry> {
  return openModelRegistry(bus, { keys: folders.keys });
}

/** Where a version lies on this machine once it was brought here. */
export function archived(name: string, family: LocalFamily, folders: ModelFolders = modelFolders()): string {
  return join(folders.roots[family], 'archive', name);
}

/** What becomes of a version right after its training. */
export interface Placed {
  readonly name: string;
  /** Why it does not serve yet; undefined: it is the champion. */
  readonly waits?: string;
}

/** Why a version that is trained now would not serve at once; undefined: it would. */
export async function whyItWaits(
  bus: Bus,
  registry: ModelRegistry,
  family: LocalFamily,
  promote: boolean,
): Promise<string | undefined> {
  if (!promote) return 'not to be promoted';
  // Nobody tries an adapter out: its held-out pairs decide.
  if (family === 'encoder') return (await registry.aliases(family)).frozen ? 'the family is frozen' : undefined;
  const { frozen, champion } = await registry.aliases(family);
  if (frozen) return 'the family is frozen';
  return champion !== undefined && (await deployerRuns(bus)) ? 'the deployer tries it out first' : undefined;
}

/** Makes a trained version the champion, unless it has to wait: for a deployer, for a person, or because the family is frozen. */
export async function placeTrained(
  bus: Bus,
  registry: ModelRegistry,
  family: LocalFamily,
  name: string,
  { promote, by }: { readonly promote: boolean; readonly by: string },
): Promise<Placed> {
  const beaten = (await registry.show(name))?.metrics.better === 0;
  const waits = beaten
    ? 'it does not beat what serves on rows it never saw'
    : await whyItWaits(bus, registry, family, promote);
  if (waits !== undefined && (await registry.aliases(family)).champion !== name) return { name, waits };
  for (;;) {
    const { champion, revision } = await registry.aliases(family);
    // Trained from the same rows as the one that serves, or a deployer was quicker.
    if (champion === name) return { name };
    try {
      await registry.setAliases(
        family,
        { champion: name },
        { by, reason: 'trained by hand', expectedRevision: revision },
      );
      return { name };
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
    }
  }
}

async function deployerRuns(bus: Bus): Promise<boolean> {
  const presence = watchPresence(bus);
  try {
    await presence.settled;
    return presence
      .list()
      .some(({ actor, state }) => actor === 'deployer' && (state === 'ready' || state === 'degraded'));
  } finally {
    presence.close();
  }
}
