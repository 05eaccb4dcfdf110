// Creates what the table says, idempotently: the same call on a new, a provisioned or an older bus ends in the same state.

import { BUCKET_NAMES } from '@cortex/schemas';
import { type ConsumerConfig, JetStreamApiError, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { Bus } from '../connection/connect.js';
import {
  consumerConfigs,
  DEFAULT_PROVISION,
  type ProvisionSettings,
  STREAM_TABLE,
  streamConfigs,
  workConsumers,
} from './table.js';

const STREAM_NAME_IN_USE = 10058;
const CONSUMER_EXISTS = 10148;
const STREAM_NOT_FOUND = 10059;
const INSUFFICIENT_STORAGE = 10047;
/** What a server has too little room for is made with half of it, and half again, down to this share. */
const LEAST_SHARE = 1 / 64;
const BUCKET_BYTES = 256 * 1024 * 1024;

/**
 * Creates or updates all streams, fixed consumers and buckets. Retries while a cluster has no leader. What `settings` does not name stays as
 * whoever set it up wanted it: leases, deliveries, sizes; and what is made anew gets as many copies as its neighbours.
 */
export async function provision(bus: Bus, settings: Partial<ProvisionSettings> = {}): Promise<void> {
  const full = { ...DEFAULT_PROVISION, ...settings, replicas: settings.replicas ?? (await replicasInForce(bus)) };
  await ensureRoom(bus, [
    ...streamConfigs(bus.subjects, full).map((config): Room => {
      const bytes = config.max_bytes ?? 0;
      return {
        stream: config.name,
        // What lies in memory takes no disk.
        of: (share) => (config.storage === StorageType.Memory ? bytes : Math.round(bytes * share)),
        make: (max_bytes) => ensureStream(bus, { ...config, max_bytes }),
      };
    }),
    ...BUCKET_NAMES.map((name): Room => {
      const bucket = bus.subjects.bucket(name);
      return {
        stream: `KV_${bucket}`,
        of: (share) => Math.round(BUCKET_BYTES * share),
        make: (bytes) => ensureBucket(bus, bucket, full.replicas, bytes),
      };
    }),
  ]);
  for (const { stream, config } of consumerConfigs(bus.subjects, full))
    await ensureConsumer(bus, stream, config, settings.ackWaitMs === undefined ? ['ack_wait'] : []);
}

/** A stream, or the one behind a bucket. */
interface Room {
  readonly stream: string;
  /** The bytes it may take where there is room for this share of all. */
  readonly of: (share: number) => number;
  /** Makes it with so many bytes, or brings the one that is there up to date; whether it was made. */
  readonly make: (bytes: number) => Promise<boolean>;
}

/**
 * A server reserves what a stream may take, and one on a small disk has not enough for all: then every one that is made now gets half, and half
 * again. What was there before keeps its size. Throws a RangeError that says how much is needed at least.
 */
async function ensureRoom(bus: Bus, rooms: readonly Room[]): Promise<void> {
  const made = new Map<string, Room['of']>();
  for (let share = 1; ; share /= 2) {
    try {
      for (const { stream, of, make } of rooms) if (!made.has(stream) && (await make(of(share)))) made.set(stream, of);
      return;
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== INSUFFICIENT_STORAGE) throw error;
      if (share <= LEAST_SHARE) {
        const least = rooms.reduce((sum, { of }) => sum + of(LEAST_SHARE), 0);
        throw new RangeError(
          `JetStream of this NATS server has no room for the streams: they need ${Math.ceil(least / 1_048_576)} MiB at least; free disk space, or raise its max_file_store`,
          { cause: error },
        );
      }
      for (const [stream, shrink] of made) await bus.jsm.streams.update(stream, { max_bytes: shrink(share / 2) });
    }
  }
}

async function ensureBucket(bus: Bus, bucket: string, replicas: number, bytes: number): Promise<boolean> {
  return patiently(async () => {
    if (await isThere(bus, `KV_${bucket}`)) return false;
    await new Kvm(bus.nc).create(bucket, { history: 16, replicas, storage: StorageType.File, max_bytes: bytes });
    return true;
  });
}

async function isThere(bus: Bus, stream: string): Promise<boolean> {
  try {
    await bus.jsm.streams.info(stream);
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return false;
    throw error;
  }
}

const restoring = new WeakMap<Bus, Promise<void>>();

/**
 * Makes again what is gone: the stream of asks lives in the server's memory and does not outlive a restart; others may have been deleted by
 * somebody. Quiet when this identity may not: whoever misses it says so.
 */
export function restore(bus: Bus): Promise<void> {
  const running = restoring.get(bus);
  if (running) return running;
  const work = provision(bus)
    .catch(() => undefined)
    .finally(() => restoring.delete(bus));
  restoring.set(bus, work);
  return work;
}

/**
 * Creates the work consumers of a master. A master can be chosen once this has returned. `limits` are those of its registration: without them what
 * is in force stays.
 */
export async function provisionMaster(
  bus: Bus,
  master: string,
  settings: Partial<ProvisionSettings> = {},
  limits?: { readonly concurrency?: number | undefined },
): Promise<void> {
  const keep: (keyof ConsumerConfig)[] = [
    ...(settings.leaseMs === undefined ? (['ack_wait'] as const) : []),
    ...(settings.maxDeliver === undefined ? (['max_deliver'] as const) : []),
    ...(limits === undefined ? (['max_ack_pending'] as const) : []),
  ];
  const full = { ...DEFAULT_PROVISION, ...settings };
  for (const { config } of workConsumers(bus.subjects, master, full, limits?.concurrency))
    await ensureConsumer(bus, bus.subjects.stream('LOG'), config, keep);
}

/** Names of all durable consumers of a stream, in as few questions as the server allows. */
export async function consumerNames(bus: Bus, stream: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (let total = 1; names.size < total; ) {
    const asked = JSON.stringify({ offset: names.size });
    const answer = await bus.nc.request(`$JS.API.CONSUMER.NAMES.${stream}`, asked, { timeout: 5_000 });
    const page = answer.json<{ total?: number; consumers?: string[] | null }>();
    if (!page.consumers?.length) break;
    for (const name of page.consumers) names.add(name);
    total = page.total ?? 0;
  }
  return names;
}

/** Copies of the streams that are there: one that somebody deleted on a cluster must not come back with a single copy. */
async function replicasInForce(bus: Bus): Promise<number> {
  const infos = await Promise.all(
    STREAM_TABLE.map((row) => bus.jsm.streams.info(bus.subjects.stream(row.name)).catch(() => undefined)),
  );
  return Math.max(DEFAULT_PROVISION.replicas, ...infos.map((info) => info?.config.num_replicas ?? 1));
}

async function ensureStream(bus: Bus, config: Partial<StreamConfig> & { name: string }): Promise<boolean> {
  return patiently(async () => {
    // Asked first: a server without room refuses also what is there already.
    if (!(await isThere(bus, config.name))) {
      try {
        await bus.jsm.streams.add(config);
        return true;
      } catch (error) {
        // Somebody else was faster.
        if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NAME_IN_USE) throw error;
      }
    }
    // It exists with other settings: bring it to ours. Storage and retention cannot change;
    // size and replicas are left to whoever set them.
    const { storage: _s, retention: _r, num_replicas: _n, max_consumers: _m, max_bytes: _b, ...mutable } = config;
    await bus.jsm.streams.update(config.name, mutable);
    return false;
  });
}

/** Creates a consumer, or brings the one that is there to `config`, but for the fields in `keep`. */
export async function ensureConsumer(
  bus: Bus,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
  keep: readonly (keyof ConsumerConfig)[] = [],
): Promise<void> {
  await patiently(async () => {
    try {
      await bus.jsm.consumers.add(stream, config);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
      // An older version's, or one with a lease of its own: a refusal would leave its readers without work.
      const there = (await bus.jsm.consumers.info(stream, config.durable_name)).config;
      const kept = Object.fromEntries(keep.map((field) => [field, there[field]]));
      await bus.jsm.consumers.update(stream, config.durable_name, { ...config, ...kept });
    }
  });
}

/** Tries for up to 30 s: during a leader change the API answers nothing or 503. Wrong configurations fail at once. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const final = error instanceof JetStreamApiError && error.status !== 503 && error.status !== 408;
      if (final || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
