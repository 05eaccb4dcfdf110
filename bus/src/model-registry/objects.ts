// The bytes of models in JetStream's object store, each file once under its hash, however many versions hold it.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { JetStreamApiError, StorageType } from '@nats-io/jetstream';
import { type ObjectStore, Objm } from '@nats-io/obj';
import type { Bus } from '../connection/connect.js';
import { StreamFull } from '../errors.js';
import { ModelFolderRefused, ModelTampered } from './errors.js';
import type { ModelFile } from './types.js';

const INSUFFICIENT_STORAGE = 10047;
const GiB = 1024 ** 3;
/** Space reserved for all models; the next smaller one where the server has less. */
const SPACE = [4 * GiB, GiB, GiB / 4];
const STORE_FAILED = 10077;

export interface ModelObjects {
  /** Stores a file unless it is there already and whole. */
  put(folder: string, file: ModelFile): Promise<void>;
  /** The bytes of a file; a reader checks them against what was signed. Throws {@link ModelTampered} when it is not there. */
  get(model: string, file: ModelFile): Promise<AsyncIterable<Uint8Array>>;
}

export function modelObjects(bus: Bus, replicas: () => Promise<number>): ModelObjects {
  let opened: Promise<ObjectStore> | undefined;
  const store = () => {
    opened ??= open(bus, replicas).catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    async put(folder, file) {
      const objects = await store();
      const name = nameOf(file);
      const there = await objects.info(name);
      if (there && !there.deleted && there.size === file.bytes && isWhole(there.digest, file)) return;
      const source = Readable.toWeb(createReadStream(join(folder, file.path))) as ReadableStream<Uint8Array>;
      const stored = await objects
        .put({ name, description: file.path }, source, { timeout: 30_000 })
        .catch((error: unknown) => {
          const full = error instanceof JetStreamApiError && error.code === STORE_FAILED;
          throw full ? new StreamFull(`the object store ${bus.subjects.bucket('models')}`) : error;
        });
      if (!isWhole(stored.digest, file)) {
        await objects.delete(name);
        throw new ModelFolderRefused(
          folder,
          `${file.path} changed while it was read: publish again when nobody writes to it`,
        );
      }
    },
    async get(model, file) {
      const found = await (await store()).get(nameOf(file));
      if (!found) throw new ModelTampered(model, `${file.path} is not in the object store any more`);
      return chunksOf(model, file, found);
    },
  };
}

async function* chunksOf(
  model: string,
  { path }: ModelFile,
  found: NonNullable<Awaited<ReturnType<ObjectStore['get']>>>,
): AsyncGenerator<Uint8Array> {
  const reader = found.data.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
  } catch (error) {
    // The store's own check of its digest.
    throw new ModelTampered(
      model,
      `${path} cannot be read whole (${error instanceof Error ? error.message : String(error)})`,
    );
  } finally {
    // A reader that stops early must end the consumer behind it.
    await reader.cancel().catch(() => undefined);
  }
  const wrong = await found.error;
  if (wrong) throw new ModelTampered(model, `${path} cannot be read whole (${wrong.message})`);
}

async function open(bus: Bus, replicas: () => Promise<number>): Promise<ObjectStore> {
  const name = bus.subjects.bucket('models');
  const manager = new Objm(bus.nc);
  try {
    return await manager.open(name);
  } catch {
    // Not there yet: made at the first model.
  }
  for (const [i, max_bytes] of SPACE.entries()) {
    try {
      return await manager.create(name, { storage: StorageType.File, max_bytes, replicas: await replicas() });
    } catch (error) {
      const tooMuch = error instanceof JetStreamApiError && error.code === INSUFFICIENT_STORAGE;
      if (!tooMuch || i === SPACE.length - 1) throw error;
    }
  }
  throw new RangeError('no size of the object store was tried');
}

function nameOf({ sha256 }: ModelFile): string {
  return `sha256-${sha256}`;
}

/** The store writes digests in base64, padded or not. */
function isWhole(digest: string, { sha256 }: ModelFile): boolean {
  return Buffer.from(digest.replace(/^SHA-256=/, ''), 'base64url').toString('hex') === sha256;
}
