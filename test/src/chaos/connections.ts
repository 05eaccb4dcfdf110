// Who is connected to a nats-server, by its own monitoring page.
import { until } from '@cortex/bus/testing';

/** Names of all connections; empty while the server is away. */
export async function connections(monitorPort: number): Promise<Set<string>> {
  const page = await fetch(`http://127.0.0.1:${monitorPort}/connz?limit=4096`).catch(() => undefined);
  if (!page?.ok) return new Set();
  const { connections } = (await page.json()) as { connections?: { name?: string }[] };
  return new Set((connections ?? []).flatMap(({ name }) => (name ? [name] : [])));
}

/** Waits until all of these are connected. */
export async function untilConnected(monitorPort: number, names: ReadonlySet<string>, limitMs: number): Promise<void> {
  await until(
    `${names.size} connections to be there`,
    async () => {
      const now = await connections(monitorPort);
      return [...names].every((name) => now.has(name));
    },
    limitMs,
  );
}

/** Waits until so many are connected. */
export async function untilSize(monitorPort: number, size: number, limitMs = 120_000): Promise<void> {
  await until(`${size} connections`, async () => (await connections(monitorPort)).size >= size, limitMs);
}
