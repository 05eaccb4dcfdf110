// What must outlive a watchdog, in the bucket `watch`: open alerts (`alert.*`), interventions (`act.*`), breakers (`breaker.*`), reviews.
// The one thing to know: an intervention is written as an intent first, then done, then marked done; whoever finds an intent finishes it.
import { createHash } from 'node:crypto';
import { type Bus, openBucket } from '@cortex/bus';
import type { KV } from '@nats-io/kv';

export interface Kept<T> {
  readonly key: string;
  readonly revision: number;
  readonly value: T;
}

export interface Journal {
  readonly kv: KV;
  /** Every value whose key begins with `prefix.`. */
  list<T>(prefix: string): Promise<Kept<T>[]>;
  get<T>(key: string): Promise<Kept<T> | undefined>;
  /** False when the key is there already. */
  create(key: string, value: unknown): Promise<boolean>;
  put(key: string, value: unknown): Promise<void>;
  /** False when somebody else changed it first. */
  update(key: string, value: unknown, revision: number): Promise<boolean>;
  remove(key: string): Promise<void>;
}

/** Throws NotProvisioned without the bucket. */
export async function openJournal(bus: Bus): Promise<Journal> {
  const kv = await openBucket(bus, 'watch');
  const get = async <T>(key: string): Promise<Kept<T> | undefined> => {
    const entry = await kv.get(key);
    return entry?.operation === 'PUT' ? { key, revision: entry.revision, value: entry.json<T>() } : undefined;
  };
  return {
    kv,
    get,
    async list<T>(prefix: string) {
      const keys: string[] = [];
      for await (const key of await kv.keys(`${prefix}.>`)) keys.push(key);
      const found = await Promise.all(keys.map((key) => get<T>(key)));
      return found.filter((kept) => kept !== undefined);
    },
    async create(key, value) {
      try {
        await kv.create(key, JSON.stringify(value));
        return true;
      } catch (error) {
        if (taken(error)) return false;
        throw error;
      }
    },
    async put(key, value) {
      await kv.put(key, JSON.stringify(value));
    },
    async update(key, value, revision) {
      try {
        await kv.update(key, JSON.stringify(value), revision);
        return true;
      } catch (error) {
        if (taken(error)) return false;
        throw error;
      }
    },
    async remove(key) {
      await kv.purge(key);
    },
  };
}

/** A key for any text: names of workers and tasks hold what keys may not. */
export function keyOf(prefix: string, text: string): string {
  return `${prefix}.${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
}

function taken(error: unknown): boolean {
  return /wrong last sequence|key exists/i.test(String(error));
}
