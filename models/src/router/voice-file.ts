// One voice as one binary file: a header in JSON (kind, facts, arrays), then the arrays one after another, little-endian.
// The one thing to know: the header's length is padded to 8 bytes, so that arrays can be viewed in place.
import { RouterFileTampered, RouterManifestInvalid, RouterNumbersInvalid } from './errors.js';
import type { Numbers, VoiceParts } from './voice.js';

const TYPES = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
type TypeName = keyof typeof TYPES;

interface Header {
  kind: string;
  facts: Record<string, unknown>;
  arrays: { name: string; type: TypeName; length: number }[];
}

function typeOf(numbers: Numbers): TypeName {
  if (numbers instanceof Float32Array) return 'f32';
  return numbers instanceof Int32Array ? 'i32' : 'u32';
}

export function writeVoice({ kind, facts, arrays }: VoiceParts): Uint8Array {
  const entries = Object.entries(arrays);
  const header: Header = {
    kind,
    facts,
    arrays: entries.map(([name, numbers]) => ({ name, type: typeOf(numbers), length: numbers.length })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const size = 8 + padded + entries.reduce((sum, [, numbers]) => sum + numbers.byteLength, 0);
  const file = Buffer.alloc(size, 32);
  file.writeBigUInt64LE(BigInt(padded), 0);
  text.copy(file, 8);
  let at = 8 + padded;
  for (const [, numbers] of entries) {
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).copy(file, at);
    at += numbers.byteLength;
  }
  return file;
}

/** @throws RouterManifestInvalid, RouterFileTampered, RouterNumbersInvalid */
export function readVoice(file: string, bytes: Uint8Array): VoiceParts {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header;
  let at: number;
  try {
    const length = Number(view.readBigUInt64LE(0));
    header = JSON.parse(view.toString('utf8', 8, 8 + length)) as Header;
    at = 8 + length;
  } catch (error) {
    throw new RouterManifestInvalid(file, 'its header cannot be read', { cause: error });
  }
  const arrays: Record<string, Numbers> = {};
  for (const { name, type, length } of header.arrays) {
    const end = at + 4 * length;
    if (!TYPES[type] || end > view.length) throw new RouterFileTampered(file, `the array "${name}" is cut short`);
    // A copy: the file's buffer need not be aligned, and would be kept in memory whole.
    const numbers = new TYPES[type](Uint8Array.prototype.slice.call(view, at, end).buffer);
    if (type === 'f32' && !numbers.every((value) => Number.isFinite(value))) {
      throw new RouterNumbersInvalid(file, `the array "${name}" holds a number that is not finite`);
    }
    arrays[name] = numbers;
    at = end;
  }
  if (at !== view.length) throw new RouterFileTampered(file, 'there is more in it than its header says');
  return { kind: header.kind, facts: header.facts, arrays };
}
