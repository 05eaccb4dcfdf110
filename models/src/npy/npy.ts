// Vectors as NumPy's own file format, one row a vector, appended to. The one thing to know: the number of rows in the header is the truth;
// bytes beyond it were left by a crash and are cut off. Format: NEP 1 (numpy.lib.format), version 1.0, little-endian float32, C order.
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Room for any number of rows: the header is rewritten in place, in one write. */
const HEADER_BYTES = 128;
const MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);

/** Thrown for a file that is no float32 matrix of the width asked for. */
export class NpyInvalid extends Error {
  override readonly name = 'NpyInvalid';
  constructor(
    readonly file: string,
    readonly problem: string,
  ) {
    super(`${file}: ${problem}; move it away to begin a new one`);
  }
}

export interface Npy {
  readonly rows: number;
  readonly width: number;
  /** Row-major, `rows * width` numbers. */
  readonly data: Float32Array;
}

/**
 * Adds rows to FILE, creating it when missing. Returns the number of rows it then has. Everything is on disk when it returns. One writer at a
 * time. Throws {@link NpyInvalid} for another width or format, RangeError for a vector of the wrong length.
 * @param before called after the new rows are on disk and before the header counts them: an index beside the file is written here
 */
export async function appendNpy(
  file: string,
  width: number,
  vectors: readonly Float32Array[],
  before?: (rowsBefore: number) => Promise<void>,
): Promise<number> {
  for (const vector of vectors)
    if (vector.length !== width) throw new RangeError(`a vector has ${vector.length} numbers, ${file} has ${width}`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, await mode(file), 0o600);
  try {
    const rows = await rowsOf(handle, file, width);
    const start = HEADER_BYTES + rows * width * 4;
    await handle.truncate(start);
    await handle.write(bytesOf(vectors, width), 0, undefined, start);
    await handle.sync();
    await before?.(rows);
    await handle.write(header(rows + vectors.length, width), 0, HEADER_BYTES, 0);
    await handle.sync();
    return rows + vectors.length;
  } finally {
    await handle.close();
  }
}

/** Rows FILE has; 0 when there is no file. Throws {@link NpyInvalid}. */
export async function countNpy(file: string, width?: number): Promise<number> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return 0;
  try {
    return await rowsOf(handle, file, width);
  } finally {
    await handle.close();
  }
}

/** Reads a whole float32 matrix. Throws {@link NpyInvalid}. */
export async function readNpy(file: string): Promise<Npy> {
  const handle = await open(file, 'r');
  try {
    const { rows, width } = await shapeOf(handle, file);
    const data = new Float32Array(rows * width);
    const { bytesRead } = await handle.read(new Uint8Array(data.buffer), 0, data.byteLength, HEADER_BYTES);
    if (bytesRead < data.byteLength) throw new NpyInvalid(file, `says ${rows} rows but ends before`);
    return { rows, width, data };
  } finally {
    await handle.close();
  }
}

async function mode(file: string): Promise<'r+' | 'w+'> {
  const there = await open(file, 'r').catch(() => undefined);
  await there?.close();
  return there ? 'r+' : 'w+';
}

async function rowsOf(handle: FileHandle, file: string, width: number | undefined): Promise<number> {
  // A crash before the first header was written.
  if ((await handle.stat()).size < HEADER_BYTES) return 0;
  const first = Buffer.alloc(MAGIC.length);
  await handle.read(first, 0, first.length, 0);
  if (first.every((byte) => byte === 0)) return 0;
  const shape = await shapeOf(handle, file);
  if (width !== undefined && shape.width !== width)
    throw new NpyInvalid(file, `holds vectors of ${shape.width} numbers, not ${width} (of another encoder?)`);
  return shape.rows;
}

async function shapeOf(handle: FileHandle, file: string): Promise<{ rows: number; width: number }> {
  const bytes = Buffer.alloc(HEADER_BYTES);
  await handle.read(bytes, 0, HEADER_BYTES, 0);
  const match = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(bytes.toString('latin1'));
  if (!bytes.subarray(0, 8).equals(MAGIC) || !match || bytes.readUInt16LE(8) !== HEADER_BYTES - 10)
    throw new NpyInvalid(file, 'is no float32 matrix that Cortex wrote');
  return { rows: Number(match[1]), width: Number(match[2]) };
}

function header(rows: number, width: number): Buffer {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const bytes = Buffer.alloc(HEADER_BYTES, 0x20);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(HEADER_BYTES - 10, 8);
  bytes.write(dictionary, 10, 'latin1');
  bytes[HEADER_BYTES - 1] = 0x0a;
  return bytes;
}

function bytesOf(vectors: readonly Float32Array[], width: number): Uint8Array {
  const all = new Float32Array(vectors.length * width);
  for (const [i, vector] of vectors.entries()) all.set(vector, i * width);
  return new Uint8Array(all.buffer);
}
