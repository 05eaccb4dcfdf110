// Statistics of the last few values, updated step by step.
// The one thing to know: each costs at most the window's length a step and never sees what comes after.

/** The last `size` values; mean and variance are kept as running sums. */
export class MovingWindow {
  readonly #ring: Float64Array;
  #next = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;

  constructor(readonly size: number) {
    this.#ring = new Float64Array(size);
  }

  push(value: number): void {
    if (this.#count === this.size) {
      const old = this.#ring[this.#next]!;
      this.#sum -= old;
      this.#squares -= old * old;
    } else this.#count++;
    this.#ring[this.#next] = value;
    this.#sum += value;
    this.#squares += value * value;
    this.#next = (this.#next + 1) % this.size;
    if (this.#next === 0) this.#recount();
  }

  get full(): boolean {
    return this.#count === this.size;
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return this.#count ? this.#sum / this.#count : 0;
  }

  get deviation(): number {
    return this.#count ? Math.sqrt(Math.max(0, this.#squares / this.#count - this.mean ** 2)) : 0;
  }

  /** The value pushed `ago` steps before the last (0 is the last). */
  at(ago: number): number {
    return this.#ring[(this.#next - 1 - ago + 2 * this.size) % this.size]!;
  }

  /** Running sums gather rounding errors; once a round they are made anew. */
  #recount(): void {
    this.#sum = 0;
    this.#squares = 0;
    for (let i = 0; i < this.#count; i++) {
      this.#sum += this.#ring[i]!;
      this.#squares += this.#ring[i]! ** 2;
    }
  }
}

/** The last `size` values in order of size: a moving median and quantiles. */
export class SortedWindow {
  readonly #ring: Float64Array;
  readonly #sorted: Float64Array;
  #next = 0;
  count = 0;

  constructor(readonly size: number) {
    this.#ring = new Float64Array(size);
    this.#sorted = new Float64Array(size);
  }

  push(value: number): void {
    if (this.count === this.size) {
      const at = this.#place(this.#ring[this.#next]!);
      this.#sorted.copyWithin(at, at + 1, this.count);
      this.count--;
    }
    const at = this.#place(value);
    this.#sorted.copyWithin(at + 1, at, this.count);
    this.#sorted[at] = value;
    this.count++;
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % this.size;
  }

  /** NaN while empty. */
  quantile(q: number): number {
    if (!this.count) return Number.NaN;
    return this.#sorted[Math.round(q * (this.count - 1))]!;
  }

  /** The first place that holds at least `value`. */
  #place(value: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
