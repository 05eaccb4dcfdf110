// What lies where, for hundreds of thousands of keys in a few bytes each: a Map of strings takes ten times as much.
// The one thing to know: keys are kept as 64 bits of their hash, so two may be taken for one: in a million keys, with a chance of 3 in 10⁸.
import { hash } from 'node:crypto';

const EMPTY = 0;
export const MOST_VALUE = 2 ** 32 - 2;

/** Open addressing over typed arrays: 12 bytes a slot, at most two thirds of them full. Values are 0 to {@link MOST_VALUE}. */
export class KeyTable {
  #low: Uint32Array;
  #high: Uint32Array;
  /** Value plus one; 0: empty. */
  #values: Uint32Array;
  #size = 0;

  /**
   * @param keys so many fit before memory is taken anew; twice as much each time
   * @param hashOf 64 bits of a key, each half evenly spread
   */
  constructor(
    keys = 680,
    private readonly hashOf = sha1Of,
  ) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(4, 1.5 * keys + 1)));
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#values = new Uint32Array(slots);
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): number | undefined {
    const [low, high] = this.hashOf(key);
    const value = this.#values[this.#slotOf(low, high)] as number;
    return value === EMPTY ? undefined : value - 1;
  }

  set(key: string, value: number): void {
    if (this.#size * 3 >= this.#values.length * 2) this.#grow();
    const [low, high] = this.hashOf(key);
    this.#put(low, high, value + 1);
  }

  #put(low: number, high: number, stored: number): void {
    const slot = this.#slotOf(low, high);
    if (this.#values[slot] === EMPTY) this.#size++;
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#values[slot] = stored;
  }

  #slotOf(low: number, high: number): number {
    const mask = this.#values.length - 1;
    let slot = low & mask;
    while (this.#values[slot] !== EMPTY && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [low, high, values] = [this.#low, this.#high, this.#values];
    this.#low = new Uint32Array(2 * low.length);
    this.#high = new Uint32Array(2 * low.length);
    this.#values = new Uint32Array(2 * low.length);
    this.#size = 0;
    for (let i = 0; i < values.length; i++)
      if (values[i] !== EMPTY) this.#put(low[i] as number, high[i] as number, values[i] as number);
  }
}

function sha1Of(key: string): readonly [low: number, high: number] {
  const digest = hash('sha1', key, 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
