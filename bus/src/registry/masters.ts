// The registry of masters in a KV bucket: live everywhere, changed by compare-and-set, aliases resolved in one place.

import {
  canonicalMaster,
  checkMessage,
  decodeMessage,
  encodeMessage,
  escapeToken,
  type Master,
  type MasterInput,
  masterSchema,
} from '@cortex/schemas';
import type { Bus } from '../connection/connect.js';
import { openBucket } from './bucket.js';
import { type BucketEntry, followBucket } from './follow-bucket.js';

export interface MasterRegistry {
  /** All masters, by name. */
  list(): Master[];
  /** By name or alias, with or without `-master`. */
  find(name: string): Master | undefined;
  /** Counts changes; the same number means the same registry. */
  revision(): number;
  /** Called after each change, once the first picture is complete. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
  /** Adds or replaces. Throws InvalidMessage naming the field, or {@link AliasTaken}. */
  put(master: MasterInput): Promise<Master>;
  /** Changes some fields of a master that exists. Throws {@link UnknownMaster}. */
  change(name: string, fields: Partial<MasterInput>): Promise<Master>;
  /** Throws {@link UnknownMaster}. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Thrown when no master of that name or alias is registered. */
export class UnknownMaster extends Error {
  override readonly name = 'UnknownMaster';
  constructor(
    readonly master: string,
    known: string[],
  ) {
    super(
      `no master "${master}" is registered; known: ${known.slice(0, 20).join(', ') || 'none'}${known.length > 20 ? ', …' : ''}`,
    );
  }
}

/** Thrown when a name or alias already belongs to another master. */
export class AliasTaken extends Error {
  override readonly name = 'AliasTaken';
  constructor(
    readonly alias: string,
    readonly owner: string,
  ) {
    super(`"${alias}" already means master "${owner}"`);
  }
}

/** Opens the registry and waits for its current content. Throws {@link NotProvisioned} without its bucket. */
export async function openMasters(bus: Bus): Promise<MasterRegistry> {
  const kv = await openBucket(bus, 'masters');
  const masters = new Map<string, Master>();
  let sorted: Master[] | undefined;
  const listeners = new Set<() => void>();
  let revision = 0;
  let ready = false;
  const apply = (entry: BucketEntry) => {
    sorted = undefined;
    if (entry.value !== undefined) {
      try {
        const master = decodeMessage('master', masterSchema, entry.value);
        masters.set(entry.key, { ...master, name: canonicalMaster(master.name) });
      } catch {
        // Written by somebody else's tool, and wrong: such a master cannot be chosen.
        masters.delete(entry.key);
      }
    } else masters.delete(entry.key);
    revision = Math.max(revision, entry.revision);
    if (ready) for (const listener of listeners) listener();
  };
  const following = await followBucket(bus, bus.subjects.bucket('masters'), '>', apply);
  ready = true;
  const find = (name: string): Master | undefined => {
    const short = canonicalMaster(name);
    const direct = masters.get(escapeToken(short));
    if (direct) return direct;
    for (const master of masters.values())
      if (master.aliases.some((alias) => canonicalMaster(alias) === short)) return master;
    return undefined;
  };
  const known = () => [...masters.values()].map((m) => m.name).sort();
  const put = async (input: MasterInput): Promise<Master> => {
    const checked = checkMessage('master', masterSchema, input);
    const master: Master = {
      ...checked,
      name: canonicalMaster(checked.name),
      aliases: checked.aliases.map(canonicalMaster),
      updated_at: new Date().toISOString(),
    };
    for (const name of [master.name, ...master.aliases]) {
      const owner = find(name);
      if (owner && owner.name !== master.name) throw new AliasTaken(name, owner.name);
    }
    await kv.put(escapeToken(master.name), encodeMessage(master));
    masters.set(escapeToken(master.name), master);
    sorted = undefined;
    return master;
  };
  return {
    list() {
      sorted ??= [...masters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      return [...sorted];
    },
    find,
    revision: () => revision,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put,
    async change(name, fields) {
      for (;;) {
        const master = find(name);
        if (!master) throw new UnknownMaster(name, known());
        const key = escapeToken(master.name);
        const entry = await kv.get(key);
        if (entry?.operation !== 'PUT') throw new UnknownMaster(name, known());
        const next = checkMessage('master', masterSchema, {
          ...entry.json<MasterInput>(),
          ...fields,
          name: master.name,
          updated_at: new Date().toISOString(),
        });
        try {
          await kv.update(key, encodeMessage(next), entry.revision);
          masters.set(key, next);
          sorted = undefined;
          return next;
        } catch (error) {
          if (!/wrong last sequence/.test(String(error))) throw error;
        }
      }
    },
    async remove(name) {
      const master = find(name);
      if (!master) throw new UnknownMaster(name, known());
      await kv.delete(escapeToken(master.name));
      masters.delete(escapeToken(master.name));
      sorted = undefined;
    },
    async close() {
      listeners.clear();
      following.stop();
    },
  };
}
