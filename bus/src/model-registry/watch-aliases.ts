// Follows one family's aliases: the first picture is there when this returns, later ones come as they are made.
import type { Bus } from '../connection/connect.js';
import { followBucket } from '../registry/follow-bucket.js';
import { noAliases } from './alias-rules.js';
import type { Aliases, AliasWatch } from './types.js';

export async function watchAliases(
  bus: Bus,
  family: string,
  key: string,
  listener: (aliases: Aliases) => void = () => undefined,
): Promise<AliasWatch> {
  let current = noAliases(family);
  const following = await followBucket(bus, bus.subjects.bucket('models'), key, ({ value, revision }) => {
    let next: Aliases = { ...noAliases(family), revision };
    if (value !== undefined) {
      try {
        next = { ...next, ...(JSON.parse(new TextDecoder().decode(value)) as Aliases), family, revision };
      } catch {
        // Written by somebody else's tool, and wrong: what was known stays.
        return;
      }
    }
    current = next;
    listener(current);
  });
  if (current.revision === 0) listener(current);
  return { current: () => current, close: () => following.stop() };
}
