// JSON that keeps typed arrays (as base64 of their little-endian bytes) and refuses what is not a number.
// The one thing to know: NaN and infinity never belong to a saved model, so finding one means the file is broken.

const KINDS = { Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array } as const;
type Kind = keyof typeof KINDS;

export function toTypedJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      if (!(entry instanceof KINDS[kind])) continue;
      return { $array: kind, base64: Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString('base64') };
    }
    if (typeof entry === 'number' && !Number.isFinite(entry)) throw new RangeError(`cannot save the number ${entry}`);
    return entry;
  });
}

/** @throws SyntaxError when it is not such JSON; RangeError naming the place of a number that is none. */
export function fromTypedJson(text: string): unknown {
  return JSON.parse(text, (key, entry: unknown) => {
    if (typeof entry === 'number' && !Number.isFinite(entry)) throw new RangeError(`"${key}" holds ${entry}`);
    if (typeof entry !== 'object' || entry === null || !('$array' in entry)) return entry;
    const { $array, base64 } = entry as { $array: Kind; base64?: unknown };
    const make = KINDS[$array];
    if (!make || typeof base64 !== 'string') throw new SyntaxError(`"${key}" is no known array`);
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length % make.BYTES_PER_ELEMENT) throw new SyntaxError(`"${key}" is cut off`);
    const array = new make(Uint8Array.from(bytes).buffer);
    for (const number of array) if (!Number.isFinite(number)) throw new RangeError(`"${key}" holds ${number}`);
    return array;
  });
}
