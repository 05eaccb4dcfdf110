// The registry of models with this machine's keys, and what a training by hand does with its result.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bus,
  type ModelFacts,
  type ModelRegistry,
  moveInto,
  NotProvisioned,
  openModelRegistry,
  watchPresence,
} from '@cortex/bus';
import { type ModelFolders, modelFolders } from './folders.js';

export type LocalFamily = keyof ModelFolders['roots'];

export function openRegistry(bus: Bus, folders: ModelFolders = modelFolders()): Promise<ModelRegistry> {
  return openModelRegistry(bus, { keys: folders.keys });
}

/** Where a version lies on this machine once it was brought here. */
export function archived(name: string, family: LocalFamily, folders: ModelFolders = modelFolders()): string {
  return join(folders.roots[family], 'archive', name);
}

export interface Placed {
  /** Where it lies on this machine. */
  readonly folder: string;
  /** Its name in the registry; undefined where the bus has none. */
  readonly name?: string;
  /** Why it does not serve yet; undefined when it is the champion. */
  readonly waits?: string;
}

/** A folder to train into, beside those that serve. */
export async function draftFolder(family: LocalFamily, folders: ModelFolders = modelFolders()): Promise<string> {
  const draft = join(folders.roots[family], `training-${process.pid}-${Date.now()}`);
  await mkdir(draft, { recursive: true });
  return draft;
}

/**
 * Publishes a trained folder. It becomes champion at once, unless somebody is there to try it out first (a deployer), the family is frozen,
 * or `promote` is false. Without a registry on this bus it goes to `current`, where running actors look too.
 */
export async function placeTrained(
  bus: Bus,
  family: LocalFamily,
  draft: string,
  facts: ModelFacts & { readonly promote: boolean },
  folders: ModelFolders = modelFolders(),
): Promise<Placed> {
  const { promote, ...told } = facts;
  let registry: ModelRegistry;
  try {
    registry = await openRegistry(bus, folders);
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    await moveInto(draft, folders[family]);
    return { folder: folders[family] };
  }
  const before = await registry.aliases(family);
  const tried = promote && before.champion !== undefined && !before.frozen ? await deployerRuns(bus) : false;
  const serves = promote && !before.frozen && !tried;
  const { name } = await registry.publish(family, draft, {
    ...told,
    ...(before.champion === undefined ? {} : { parent: before.champion }),
    // A deployer would try out what serves already, or what is not wanted to.
    announce: promote && !serves,
  });
  await rm(draft, { recursive: true, force: true });
  const archive = await registry.fetch(name, archived(name, family, folders));
  if (!serves) {
    const waits = !promote
      ? 'not to be promoted'
      : before.frozen
        ? 'the family is frozen'
        : 'the deployer tries it out first';
    return { folder: archive, name, waits };
  }
  if (before.champion !== name)
    await registry.setAliases(
      family,
      { champion: name },
      { by: told.by, reason: 'trained by hand', expectedRevision: before.revision },
    );
  await registry.fetch(name, folders[family]);
  return { folder: folders[family], name };
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
