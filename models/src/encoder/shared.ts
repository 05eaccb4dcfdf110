// One encoder for all parts of a process that want the same one: a session takes 100 to 200 MB, and what one part encoded is in the memory of all.
// The one thing to know: it ends when the last of them closes it.
import type { Encoder } from './encoder.js';
import { EncoderClosed } from './errors.js';
import { loadEncoder } from './load-encoder.js';
import type { LoadEncoderOptions } from './onnx-encoder.js';

interface Shared {
  readonly loading: Promise<Encoder>;
  users: number;
}

const open = new Map<string, Shared>();

/**
 * As `loadEncoder`, and the same encoder for the same folder and options. Each caller closes what it got; its calls are refused with
 * EncoderClosed from then on, those of others go on.
 * @throws what `loadEncoder` throws; the next call tries again.
 */
export async function shareEncoder(
  folder: string,
  options: LoadEncoderOptions = {},
  load = loadEncoder,
): Promise<Encoder> {
  const key = JSON.stringify([folder, Object.entries(options).sort()]);
  const shared = open.get(key) ?? { loading: load(folder, options), users: 0 };
  open.set(key, shared);
  shared.users++;
  const leave = async () => {
    if (--shared.users > 0) return;
    if (open.get(key) === shared) open.delete(key);
    await shared.loading.then(
      (encoder) => encoder.close(),
      () => undefined,
    );
  };
  let encoder: Encoder;
  try {
    encoder = await shared.loading;
  } catch (error) {
    await leave();
    throw error;
  }
  let closed = false;
  return {
    id: encoder.id,
    dimensions: encoder.dimensions,
    encode(texts, call) {
      return closed ? Promise.reject(new EncoderClosed()) : encoder.encode(texts, call);
    },
    async close() {
      if (closed) return;
      closed = true;
      await leave();
    },
  };
}
