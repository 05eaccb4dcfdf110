// Brings the models that a family's aliases name to this machine, checked and loaded, and hands each change on.
// The one thing to know: what served before serves on until the next one is whole and loaded; a version that was here is here
// (`archive/`), so going back needs neither the store nor its writer.
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../actor/runtime.js';
import { isBusTrouble } from '../errors.js';
import { ALIAS_NAMES, noAliases, previousChampion } from './alias-rules.js';
import { moveInto, readMark } from './folder.js';
import { parseName } from './manifest.js';
import type { Aliases, AliasName, ModelRegistry } from './types.js';

export interface FollowedModel<M> {
  readonly name: string;
  readonly model: M;
}

export type FollowedModels<M> = { readonly [alias in AliasName]?: FollowedModel<M> };

export interface FollowOptions<M> {
  readonly family: string;
  /** Folder of this family in the mission's tree: `current`, `staging`, `shadow` and `archive` lie below it. */
  readonly root: string;
  /** Aliases to follow. Default: all three. */
  readonly aliases?: readonly AliasName[];
  /** Loads and checks a folder; throws an error that says why not. */
  readonly load: (folder: string, name: string) => Promise<M>;
  /**
   * What is loaded now; called at each step of a change: first without those that have no say any more, then with each that
   * has come. `previous` is the champion before, while it is kept.
   */
  readonly onModels: (models: FollowedModels<M>, aliases: Aliases, previous?: FollowedModel<M>) => void;
  /** Why an alias is not served as asked; undefined when all are. */
  readonly onTrouble?: (reason: string | undefined) => void;
  readonly log: Logger;
  /** Versions kept in `archive/` besides those in use. Default 5. */
  readonly keep?: number;
  /** Milliseconds before a version that could not be brought is tried again. Default 5,000. */
  readonly retryMs?: number;
}

export interface Following {
  aliases(): Aliases;
  /** Resolves when the aliases known now have been dealt with. */
  settled(): Promise<void>;
  /** Resolves when the folders are no longer written to. */
  close(): Promise<void>;
}

const FOLDERS = { champion: 'current', challenger: 'staging', shadow: 'shadow' } as const satisfies Record<
  AliasName,
  string
>;

/** Follows a family. Returns when the aliases are known; models come as they are loaded. */
export async function followModels<M>(registry: ModelRegistry, options: FollowOptions<M>): Promise<Following> {
  const { family, root, log, aliases: followed = ALIAS_NAMES } = options;
  /** In use, being brought, or the champion before. */
  const brought = new Map<string, Promise<M>>();
  let latest = noAliases(family);
  let serving: FollowedModels<M> = {};
  let previous: FollowedModel<M> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  const working = new Set<Promise<void>>();
  let tidying: Promise<void> = Promise.resolve();

  const bring = (name: string): Promise<M> => {
    const known = brought.get(name);
    if (known) return known;
    const coming = registry.fetch(name, join(root, 'archive', name)).then((folder) => options.load(folder, name));
    brought.set(name, coming);
    coming.catch(() => brought.delete(name));
    return coming;
  };

  const serve = (alias: AliasName, next: FollowedModel<M> | undefined) => {
    if (serving[alias]?.name === next?.name) return false;
    if (alias === 'champion' && serving.champion) previous = serving.champion;
    const { [alias]: _, ...rest } = serving;
    serving = next ? { ...rest, [alias]: next } : rest;
    return true;
  };

  /** Not queued behind an earlier one: a roll-back must not wait until a challenger has come. The newest aliases win. */
  const adopt = async (wanted: Aliases): Promise<void> => {
    const stale = () => closed || latest !== wanted;
    // Who has no say any more is out at once, before anything is brought.
    for (const alias of followed)
      if (
        serving[alias] &&
        serving[alias].name !== wanted[alias] &&
        (alias !== 'champion' || wanted.champion === undefined)
      )
        serve(alias, undefined);
    options.onModels(serving, wanted, previous);
    let trouble: string | undefined;
    let again = false;
    for (const alias of followed) {
      const name = wanted[alias];
      if (name === undefined || serving[alias]?.name === name) continue;
      try {
        const model = await bring(name);
        if (stale()) return;
        if (serve(alias, { name, model })) options.onModels(serving, wanted, previous);
      } catch (error) {
        if (stale()) return;
        const reason = error instanceof Error ? error.message : String(error);
        trouble ??= `${alias} ${name}: ${reason}`;
        again ||= isBusTrouble(error);
        log.error('this model is refused; what served before serves on', { family, alias, model: name, reason });
      }
    }
    options.onTrouble?.(trouble);
    const used = new Set([...Object.values(serving).map(({ name }) => name), ...(previous ? [previous.name] : [])]);
    for (const name of brought.keys()) if (!used.has(name)) brought.delete(name);
    clearTimeout(retry);
    if (again) retry = setTimeout(() => start(latest), options.retryMs ?? 5_000).unref();
    const next = serving;
    tidying = tidying
      .then(() => (stale() ? undefined : layOut(wanted, next, used)))
      .catch((error) =>
        log.warn('the folders of models could not be laid out; what is loaded serves', {
          family,
          reason: String(error),
        }),
      );
    await tidying;
  };

  /** Shows on disk what serves, for people and for tools; nothing is served from these copies. */
  const layOut = async (wanted: Aliases, next: FollowedModels<M>, used: ReadonlySet<string>): Promise<void> => {
    // Nobody has said yet who serves: folders are whoever's.
    if (wanted.revision === 0) return;
    for (const alias of followed) {
      const place = join(root, FOLDERS[alias]);
      const name = next[alias]?.name;
      const there = await readMark(place);
      if (there?.name === name) continue;
      if (name !== undefined) {
        const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
        await cp(join(root, 'archive', name), draft, { recursive: true });
        if (!there) await keepOwn(place);
        await moveInto(draft, place);
      } else if (there) await rm(place, { recursive: true, force: true });
    }
    await prune(wanted, used);
  };

  /** What somebody put there by hand is theirs: it goes to the archive, and is never thrown away. */
  const keepOwn = async (place: string): Promise<void> => {
    const archive = join(root, 'archive');
    await mkdir(archive, { recursive: true });
    const own = join(archive, `by-hand-${new Date().toISOString().replaceAll(':', '-')}`);
    await rename(place, own).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  };

  const prune = async (wanted: Aliases, used: ReadonlySet<string>): Promise<void> => {
    const archive = join(root, 'archive');
    await mkdir(archive, { recursive: true });
    const needed = new Set([...used, ...ALIAS_NAMES.map((alias) => wanted[alias]), previousChampion(wanted)]);
    const rest: { name: string; at: number }[] = [];
    for (const name of await readdir(archive)) {
      if (parseName(name)?.family !== family || needed.has(name)) continue;
      const at = await stat(join(archive, name)).then(
        (s) => s.mtimeMs,
        () => 0,
      );
      rest.push({ name, at });
    }
    rest.sort((a, b) => b.at - a.at);
    for (const { name } of rest.slice(options.keep ?? 5))
      await rm(join(archive, name), { recursive: true, force: true });
  };

  const start = (wanted: Aliases) => {
    latest = wanted;
    const work = adopt(wanted)
      .catch((error) => log.error('aliases could not be followed', { family, reason: String(error) }))
      .finally(() => working.delete(work));
    working.add(work);
  };
  const watch = await registry.watch(family, start);
  return {
    aliases: () => latest,
    async settled() {
      while (working.size > 0) await Promise.all(working);
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      watch.close();
      await tidying;
    },
  };
}
