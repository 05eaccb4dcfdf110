// A command's hold on the bus: connect, trace, do the work, let go, whatever happens.
import { hostname, userInfo } from 'node:os';
import {
  type Bus,
  connectBus,
  type MasterRegistry,
  NotProvisioned,
  openMasters,
  spanFeed,
  startTelemetry,
} from '@cortex/bus';
import type { StreamName } from '@cortex/schemas';
import { Unreachable } from './failures.js';
import { type BusFlags, busAddress } from './options.js';

const STREAM_NOT_FOUND = 10059;

export interface SessionOptions {
  /** Milliseconds to wait for the first connection. Default 5,000; 0 waits for ever. */
  readonly waitMs?: number;
  readonly name?: string;
  /** Whether what it publishes begins a trace, also without a trace backend: a dashboard that is open draws it. Default true. */
  readonly traces?: boolean;
}

/** Connects, runs `work`, flushes traces and closes. */
export async function withBus<T>(
  flags: BusFlags,
  work: (bus: Bus) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const address = busAddress(flags);
  // What a person did is the beginning of a trace: a dashboard that is open draws it too.
  const spans = spanFeed();
  const telemetry = await startTelemetry({
    service: 'cortex-cli',
    processors: [spans.processor],
    traces: options.traces ?? true,
    metrics: false,
  });
  try {
    const bus = await connectBus({
      servers: address.servers,
      prefix: address.prefix,
      name: options.name ?? 'cli',
      waitMs: options.waitMs ?? 5_000,
      ...(address.creds === undefined ? {} : { creds: address.creds }),
    });
    const detach = spans.attach(bus);
    try {
      return await work(bus);
    } finally {
      detach();
      await bus.close();
    }
  } finally {
    await telemetry.shutdown();
  }
}

/** The same for a command that only reads: it publishes nothing that a trace could begin with, and starts sooner. */
export function lookAtBus<T>(flags: BusFlags, work: (bus: Bus) => Promise<T>, options?: SessionOptions): Promise<T> {
  return withBus(flags, work, { ...options, traces: false });
}

/** {@link withBus} with the registry of masters open. */
export async function withMasters<T>(
  flags: BusFlags,
  work: (registry: MasterRegistry, bus: Bus) => Promise<T>,
  options?: SessionOptions,
): Promise<T> {
  return withBus(
    flags,
    async (bus) => {
      const registry = await openMasters(bus);
      try {
        return await work(registry, bus);
      } finally {
        await registry.close();
      }
    },
    options,
  );
}

/**
 * Looks whether a stream is there before something is published to it, which would wait 20 s for it to come. An identity that may not
 * look goes on. Throws {@link Unreachable} without JetStream, NotProvisioned without the stream.
 */
export async function requireStream(bus: Bus, name: StreamName): Promise<void> {
  if (bus.nc.info?.jetstream !== true)
    throw new Unreachable(
      `the NATS server at ${bus.servers} has no JetStream: start it with -js, or let "cortex up" start one`,
    );
  const stream = bus.subjects.stream(name);
  await bus.jsm.streams.info(stream).catch((error: { code?: unknown }) => {
    if (error.code === STREAM_NOT_FOUND) throw new NotProvisioned(`the stream ${stream}`);
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
