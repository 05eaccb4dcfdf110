// One file of vectors: records of equal length, found by their key.
// Record: mark (4 bytes) | key, SHA-256 (32) | `dimensions` float32 little-endian | first 8 bytes of the SHA-256 of key and vector.
// The one thing to know: two processes may interleave, and a write may be torn, so a reader that loses the beat
// looks for the next mark. The mark reads as a NaN where a number is expected: no vector holds it.
import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { KeyTable, MOST_VALUE } from '../key-table/index.js';

const MARK = Buffer.from([0x43, 0x58, 0xff, 0xff]);
const KEY_BYTES = 32;
const CHECK_BYTES = 8;
/** Read at once when scanning and when several records lie near each other. */
const READ_BYTES = 4 * 1024 * 1024;
/** Records farther apart than this are read one by one. */
const NEAR_BYTES = 64 * 1024;
/** In place of where a record lies: it was damaged. */
const NOWHERE = MOST_VALUE;

export class VectorSegment {
  /** Offset in the file by key: 18 to 36 bytes each, where a Map of strings takes more than 100. */
  private readonly offsets: KeyTable;
  private readonly recordBytes: number;
  private scanned = 0;

  private constructor(
    private readonly file: FileHandle | undefined,
    private readonly dimensions: number,
    readonly inode: number | undefined,
    mostBytes: number,
  ) {
    this.recordBytes = MARK.length + KEY_BYTES + dimensions * 4 + CHECK_BYTES;
    // All memory at once: a table that doubles now and then looks like a leak.
    this.offsets = new KeyTable(Math.ceil(mostBytes / this.recordBytes), wordsOf);
  }

  /**
   * @param file undefined for a file that is not there: an empty segment
   * @param mostBytes the file's bound
   */
  static async open(file: FileHandle | undefined, dimensions: number, mostBytes: number): Promise<VectorSegment> {
    return new VectorSegment(file, dimensions, (await file?.stat())?.ino, file ? mostBytes : 0);
  }

  /** Bytes read so far, which is the file's size after `scan`. */
  get size(): number {
    return this.scanned;
  }

  has(key: string): boolean {
    return this.offsetOf(key) !== undefined;
  }

  /** Learns the records that were appended since the last time, by whomever. */
  async scan(): Promise<void> {
    if (!this.file) return;
    const end = (await this.file.stat()).size;
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(0, end - this.scanned)));
    while (end - this.scanned >= this.recordBytes) {
      const { bytesRead } = await this.file.read(buffer, 0, Math.min(buffer.length, end - this.scanned), this.scanned);
      if (bytesRead < this.recordBytes) return;
      this.scanned += this.learn(buffer.subarray(0, bytesRead), this.scanned);
    }
  }

  /** Vectors of the keys that are here and whole. */
  async read(keys: readonly string[]): Promise<Map<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    if (!this.file) return found;
    const wanted = keys
      .map((key) => ({ key, offset: this.offsetOf(key) }))
      .filter((entry): entry is { key: string; offset: number } => entry.offset !== undefined)
      .sort((a, b) => a.offset - b.offset);
    for (let from = 0, to = 0; from < wanted.length; from = to) {
      const start = wanted[from]?.offset ?? 0;
      let end = start + this.recordBytes;
      for (to = from + 1; to < wanted.length; to++) {
        const offset = wanted[to]?.offset ?? 0;
        if (offset - end > NEAR_BYTES || offset + this.recordBytes - start > READ_BYTES) break;
        end = offset + this.recordBytes;
      }
      const buffer = Buffer.allocUnsafe(end - start);
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, start);
      for (const { key, offset } of wanted.slice(from, to)) {
        if (offset + this.recordBytes - start > bytesRead) continue;
        const vector = this.decode(buffer.subarray(offset - start, offset - start + this.recordBytes), key);
        if (vector) found.set(key, vector);
        else this.offsets.set(key, NOWHERE);
      }
    }
    return found;
  }

  encode(entries: ReadonlyMap<string, Float32Array>): Buffer {
    const buffer = Buffer.alloc(entries.size * this.recordBytes);
    let at = 0;
    for (const [key, vector] of entries) {
      const record = buffer.subarray(at, at + this.recordBytes);
      MARK.copy(record);
      record.write(key, MARK.length, KEY_BYTES, 'hex');
      vector.forEach((value, d) => {
        record.writeFloatLE(value, MARK.length + KEY_BYTES + d * 4);
      });
      this.checksum(record).copy(record, this.recordBytes - CHECK_BYTES);
      at += this.recordBytes;
    }
    return buffer;
  }

  /** The file is open for appending: the system puts each write behind all others, whoever makes them. */
  async append(bytes: Buffer): Promise<void> {
    await this.file?.appendFile(bytes);
  }

  async close(): Promise<void> {
    await this.file?.close();
  }

  private offsetOf(key: string): number | undefined {
    const offset = this.offsets.get(key);
    return offset === NOWHERE ? undefined : offset;
  }

  /** Takes whole records out of `bytes`, which lie at `base` in the file; returns how many bytes are done with. */
  private learn(bytes: Buffer, base: number): number {
    let at = 0;
    while (at + this.recordBytes <= bytes.length) {
      const next = at + this.recordBytes;
      // The next mark (or the end) vouches for a record; only where it is missing is the sum worth its time.
      const followed = next + MARK.length > bytes.length || hasMark(bytes, next);
      const whole = hasMark(bytes, at) && (followed || this.isIntact(bytes.subarray(at, next)));
      if (whole) {
        this.offsets.set(bytes.toString('hex', at + MARK.length, at + MARK.length + KEY_BYTES), base + at);
        at = next;
      } else {
        const mark = bytes.indexOf(MARK, at + 1);
        at = mark < 0 ? bytes.length - MARK.length + 1 : mark;
      }
    }
    return at;
  }

  private decode(record: Buffer, key: string): Float32Array | undefined {
    if (record.toString('hex', MARK.length, MARK.length + KEY_BYTES) !== key) return undefined;
    if (!this.isIntact(record)) return undefined;
    const vector = new Float32Array(this.dimensions);
    for (let d = 0; d < this.dimensions; d++) vector[d] = record.readFloatLE(MARK.length + KEY_BYTES + d * 4);
    return vector;
  }

  private isIntact(record: Buffer): boolean {
    return this.checksum(record).equals(record.subarray(this.recordBytes - CHECK_BYTES));
  }

  private checksum(record: Buffer): Buffer {
    const covered = record.subarray(MARK.length, this.recordBytes - CHECK_BYTES);
    return hash('sha256', covered, 'buffer').subarray(0, CHECK_BYTES);
  }
}

function hasMark(bytes: Buffer, at: number): boolean {
  return bytes.compare(MARK, 0, MARK.length, at, at + MARK.length) === 0;
}

/** A key is a digest in hexadecimal: evenly spread as it is. */
const wordsOf = (key: string): readonly [low: number, high: number] => [
  Number.parseInt(key.slice(0, 8), 16),
  Number.parseInt(key.slice(8, 16), 16),
];
