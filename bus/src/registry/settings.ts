// Settings that people change while everything runs: one KV bucket, one key per setting, defaults in the code that reads them.
import { type KV, Kvm } from '@nats-io/kv';
import type { Bus } from '../connection/connect.js';

export interface LiveSettings {
  /** The stored value, or undefined where the default holds. Keys are dotted: `coordinator.unsure`. */
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
  unset(key: string): Promise<void>;
  all(): Record<string, unknown>;
  onChange(listener: (key: string) => void): () => void;
  close(): void;
}

export async function openSettings(bus: Bus): Promise<LiveSettings> {
  const kv: KV = await new Kvm(bus.nc).open(bus.subjects.bucket('settings'));
  const values = new Map<string, unknown>();
  const listeners = new Set<(key: string) => void>();
  const watch = await kv.watch();
  await new Promise<void>((resolve) => {
    void (async () => {
      if ((await kv.status()).values === 0) resolve();
      for await (const entry of watch) {
        if (entry.operation === 'PUT') {
          try {
            values.set(entry.key, entry.json());
          } catch {
            values.delete(entry.key);
          }
        } else values.delete(entry.key);
        for (const listener of listeners) listener(entry.key);
        if (entry.delta === 0) resolve();
      }
      resolve();
    })();
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
    close: () => watch.stop(),
  };
}
