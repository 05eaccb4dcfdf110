// A command's hold on the bus: connect, trace, do the work, let go, whatever happens.
import { hostname, userInfo } from 'node:os';
import { type Bus, connectBus, type MasterRegistry, openMasters, startTelemetry } from '@cortex/bus';
import { type BusFlags, busAddress } from './options.js';

export interface SessionOptions {
  /** Milliseconds to wait for the first connection. Default 5,000; 0 waits for ever. */
  readonly waitMs?: number;
  readonly name?: string;
}

/** Connects, runs `work`, flushes traces and closes. */
export async function withBus<T>(
  flags: BusFlags,
  work: (bus: Bus) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const address = busAddress(flags);
  const telemetry = startTelemetry({ service: 'cortex-cli' });
  try {
    const bus = await connectBus({
      servers: address.servers,
      prefix: address.prefix,
      name: options.name ?? 'cli',
      waitMs: options.waitMs ?? 5_000,
      ...(address.creds === undefined ? {} : { creds: address.creds }),
    });
    try {
      return await work(bus);
    } finally {
      await bus.close();
    }
  } finally {
    await telemetry.shutdown();
  }
}

/** The same with the registry of masters open. */
export async function withMasters<T>(
  flags: BusFlags,
  work: (registry: MasterRegistry, bus: Bus) => Promise<T>,
): Promise<T> {
  return withBus(flags, async (bus) => {
    const registry = await openMasters(bus);
    try {
      return await work(registry, bus);
    } finally {
      await registry.close();
    }
  });
}

/** Who a person is, for the audit trail: `ada@laptop`. */
export function person(): string {
  let user = process.env.USER ?? 'someone';
  try {
    user = userInfo().username;
  } catch {
    // A user without an entry in the password file (containers).
  }
  return `${user}@${hostname()}`;
}
