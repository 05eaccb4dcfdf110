// Settings that people change while everything runs: one KV bucket, one key per setting, defaults in the code that reads them.
import type { Bus } from '../connection/connect.js';
import { openBucket } from './bucket.js';
import { followBucket } from './follow-bucket.js';

export interface LiveSettings {
  /** The stored value, or undefined where the default holds. Keys are dotted: `coordinator.unsure`. */
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
  unset(key: string): Promise<void>;
  all(): Record<string, unknown>;
  onChange(listener: (key: string) => void): () => void;
  close(): void;
}

/** Opens the settings and waits for their current content. Throws NotProvisioned without their bucket. */
export async function openSettings(bus: Bus): Promise<LiveSettings> {
  const kv = await openBucket(bus, 'settings');
  const values = new Map<string, unknown>();
  const listeners = new Set<(key: string) => void>();
  const following = await followBucket(bus, bus.subjects.bucket('settings'), '>', ({ key, value }) => {
    try {
      if (value === undefined) values.delete(key);
      else values.set(key, JSON.parse(new TextDecoder().decode(value)));
    } catch {
      values.delete(key);
    }
    for (const listener of listeners) listener(key);
  });
  return {
    get: (key) => values.get(key),
    async set(key, value) {
      await kv.put(key, JSON.stringify(value));
      values.set(key, value);
    },
    async unset(key) {
      await kv.delete(key);
      values.delete(key);
    },
    all: () => Object.fromEntries(values),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => following.stop(),
  };
}
