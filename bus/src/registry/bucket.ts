// Opens one of Cortex's KV buckets, and tells one that is not there from a bus that is away.
import { type KV, Kvm } from '@nats-io/kv';
import type { Bus } from '../connection/connect.js';
import { NotProvisioned } from '../errors.js';

const STREAM_NOT_FOUND = 10059;

/** Throws {@link NotProvisioned} where there is no such bucket. */
export async function openBucket(bus: Bus, name: Parameters<Bus['subjects']['bucket']>[0]): Promise<KV> {
  const bucket = bus.subjects.bucket(name);
  try {
    const kv = await new Kvm(bus.nc).open(bucket);
    await kv.status();
    return kv;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== STREAM_NOT_FOUND) throw cause;
    throw Object.assign(new NotProvisioned(`the bucket ${bucket}`), { cause });
  }
}
