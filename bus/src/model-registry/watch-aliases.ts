// Follows one family's aliases: the first picture is there when this returns, later ones come as they are made.
import type { KV, KvEntry } from '@nats-io/kv';
import { noAliases } from './alias-rules.js';
import type { Aliases, AliasWatch } from './types.js';

export async function watchAliases(
  kv: KV,
  family: string,
  key: string,
  listener: (aliases: Aliases) => void = () => undefined,
): Promise<AliasWatch> {
  let current = noAliases(family);
  const take = (entry: KvEntry | null) => {
    // Replayed after a reconnect: older than what is known.
    if (entry && entry.revision < current.revision) return;
    let next: Aliases = { ...noAliases(family), revision: entry?.revision ?? 0 };
    if (entry?.operation === 'PUT') {
      try {
        next = { ...next, ...entry.json<Aliases>(), family, revision: entry.revision };
      } catch {
        // Written by somebody else's tool, and wrong: what was known stays.
        return;
      }
    }
    const changed = next.revision !== current.revision;
    current = next;
    if (changed) listener(current);
  };
  const watch = await kv.watch({ key });
  take(await kv.get(key));
  if (current.revision === 0) listener(current);
  void (async () => {
    for await (const entry of watch) take(entry);
  })();
  return { current: () => current, close: () => watch.stop() };
}
