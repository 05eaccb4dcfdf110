// Gram hash → number, in typed arrays: ten times faster and smaller than a Map at a million grams.
// The one thing to know: open addressing with linear probing; value 0 marks a free slot, so stored values are above 0.

export class HashTable {
  size = 0;
  #keys: Uint32Array;
  #values: Int32Array;
  #mask: number;

  constructor(expected = 1024) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#keys = new Uint32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  /** The stored value, or 0. */
  get(key: number): number {
    for (let slot = key & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const value = this.#values[slot]!;
      if (value === 0 || this.#keys[slot] === key) return value;
    }
  }

  set(key: number, value: number): void {
    if (this.size * 2 >= this.#mask) this.#grow();
    let slot = key & this.#mask;
    while (this.#values[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    if (this.#values[slot] === 0) this.size++;
    this.#keys[slot] = key;
    this.#values[slot] = value;
  }

  /** Calls back for every stored pair, in no order that means anything. */
  forEach(visit: (key: number, value: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#values[slot] !== 0) visit(this.#keys[slot]!, this.#values[slot]!);
    }
  }

  #grow(): void {
    const larger = new HashTable(this.#keys.length);
    this.forEach((key, value) => {
      larger.set(key, value);
    });
    this.#keys = larger.#keys;
    this.#values = larger.#values;
    this.#mask = larger.#mask;
  }
}
