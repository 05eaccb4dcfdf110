// What an import must remember of all it has read, in a few bytes a key: whether a key was there, a value of few different ones, a text.
// The one thing to know: keys are kept as 64 bits of their hash and texts on disk, so that memory does not grow with the files' size.
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { KeyTable } from '@cortex/models';

/** Most keys of one generation: 16 to 32 MB. */
const GENERATION = 1_000_000;
/** Most different values that are told apart. */
const VALUES = 65_536;

/** A map from any number of keys to a few different values; of more than a million keys the oldest are forgotten. */
export class Remembered {
  #young = new KeyTable();
  #old = new KeyTable();
  readonly #values: string[] = [];
  readonly #numbers = new Map<string, number>();

  get(key: string): string | undefined {
    const number = this.#young.get(key) ?? this.#old.get(key);
    return number === undefined ? undefined : this.#values[number];
  }

  set(key: string, value: string): void {
    const number = this.#numberOf(value);
    if (number === undefined) return;
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new KeyTable();
    }
    this.#young.set(key, number);
  }

  #numberOf(value: string): number | undefined {
    const known = this.#numbers.get(value);
    if (known !== undefined || this.#values.length >= VALUES) return known;
    this.#numbers.set(value, this.#values.length);
    return this.#values.push(value) - 1;
  }
}

/** Texts by key, in a file that is gone when it is closed. The first text of a key stays. */
export class TextFile {
  readonly #places = new KeyTable();
  readonly #path: string;
  readonly #file: number;
  #offsets = new Float64Array(1_024);
  #end = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  /** @param folder is made; the file can be read by its owner only. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = join(folder, `texts-${process.pid}-${Date.now()}.tmp`);
    this.#file = openSync(this.#path, 'wx+', 0o600);
  }

  put(key: string, text: string): void {
    const number = this.#places.size;
    if (this.#places.get(key) !== undefined) return;
    if (number + 2 > this.#offsets.length) {
      const wider = new Float64Array(2 * this.#offsets.length);
      wider.set(this.#offsets);
      this.#offsets = wider;
    }
    const bytes = Buffer.from(text, 'utf8');
    this.#places.set(key, number);
    this.#offsets[number] = this.#end;
    this.#end += bytes.length;
    this.#offsets[number + 1] = this.#end;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > 1 << 20) this.#write();
  }

  get(key: string): string | undefined {
    const number = this.#places.get(key);
    if (number === undefined) return undefined;
    this.#write();
    const from = this.#offsets[number] as number;
    const bytes = Buffer.alloc((this.#offsets[number + 1] as number) - from);
    readSync(this.#file, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    if (this.#waitingBytes === 0) return;
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (let done = 0; done < all.length; ) done += writeSync(this.#file, all, done);
  }
}
