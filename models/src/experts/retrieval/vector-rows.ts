// Unit vectors in one block of memory, searched exactly.
// The one thing to know: several questions are compared with a row while it is in the cache; rows are removed by moving
// the last one into the gap, so a row's number may change when another row goes.

/** Rows compared with all questions before the next ones are touched: about 100 kB at 384 numbers. */
const BLOCK_ROWS = 64;
const FIRST_CAPACITY = 256;

/** A row and its cosine to the question. */
export interface Hit {
  row: number;
  cosine: number;
}

/** A vector whose length is not that of the others. */
export class VectorLengthMismatch extends Error {
  constructor(
    readonly expected: number,
    readonly got: number,
  ) {
    super(`A vector has ${got} numbers where ${expected} are expected: another encoder made it.`);
    this.name = 'VectorLengthMismatch';
  }
}

export class VectorRows {
  private data: Float32Array;
  private count = 0;

  constructor(readonly dimensions: number) {
    this.data = new Float32Array(FIRST_CAPACITY * dimensions);
  }

  get size(): number {
    return this.count;
  }

  /** Appends a copy; its number is the old `size`. @throws VectorLengthMismatch */
  add(vector: Float32Array): void {
    this.check(vector);
    if ((this.count + 1) * this.dimensions > this.data.length) {
      const larger = new Float32Array(this.data.length * 2);
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(vector, this.count * this.dimensions);
    this.count++;
  }

  /** Takes a row out; the last row gets its number. */
  remove(row: number): void {
    this.count--;
    const from = this.count * this.dimensions;
    this.data.copyWithin(row * this.dimensions, from, from + this.dimensions);
  }

  /** The stored vector itself, to be read only until the next change. */
  at(row: number): Float32Array {
    return this.data.subarray(row * this.dimensions, (row + 1) * this.dimensions);
  }

  /** For each question its nearest rows, nearest first. Exact. @throws VectorLengthMismatch */
  nearest(questions: readonly Float32Array[], most: number): Hit[][] {
    for (const question of questions) this.check(question);
    const asked = questions.map((question) => ({
      question: Float64Array.from(question),
      best: new Best(Math.min(most, this.count)),
    }));
    for (let from = 0; from < this.count; from += BLOCK_ROWS) {
      const to = Math.min(this.count, from + BLOCK_ROWS);
      for (const { question, best } of asked) compare(this.data, this.dimensions, from, to, question, best);
    }
    return asked.map(({ best }) => best.hits());
  }

  private check(vector: Float32Array): void {
    if (vector.length !== this.dimensions) throw new VectorLengthMismatch(this.dimensions, vector.length);
  }
}

/**
 * Four rows at a time, so that each number of the question is loaded once for all of them; the question as float64,
 * because it would else be widened again at each use (measured: 5.9 → 3.8 ms for 15,000 × 384).
 * Indices are in bounds by construction.
 */
function compare(data: Float32Array, dimensions: number, from: number, to: number, question: Float64Array, best: Best) {
  const even = dimensions - (dimensions % 2);
  let row = from;
  for (; row + 4 <= to; row += 4) {
    const p0 = row * dimensions;
    const p1 = p0 + dimensions;
    const p2 = p1 + dimensions;
    const p3 = p2 + dimensions;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = 0; k < even; k += 2) {
      const x = question[k]!;
      const y = question[k + 1]!;
      a += data[p0 + k]! * x + data[p0 + k + 1]! * y;
      b += data[p1 + k]! * x + data[p1 + k + 1]! * y;
      c += data[p2 + k]! * x + data[p2 + k + 1]! * y;
      d += data[p3 + k]! * x + data[p3 + k + 1]! * y;
    }
    if (even < dimensions) {
      const x = question[even]!;
      a += data[p0 + even]! * x;
      b += data[p1 + even]! * x;
      c += data[p2 + even]! * x;
      d += data[p3 + even]! * x;
    }
    best.offer(row, a);
    best.offer(row + 1, b);
    best.offer(row + 2, c);
    best.offer(row + 3, d);
  }
  for (; row < to; row++) {
    let sum = 0;
    for (let k = 0; k < dimensions; k++) sum += data[row * dimensions + k]! * question[k]!;
    best.offer(row, sum);
  }
}

/** The highest cosines so far, in order; most offers are refused by one comparison. */
class Best {
  private readonly rows: number[] = [];
  private readonly cosines: number[] = [];

  constructor(private readonly most: number) {}

  offer(row: number, cosine: number): void {
    const full = this.rows.length >= this.most;
    if (full && !(cosine > (this.cosines[this.most - 1] ?? Number.POSITIVE_INFINITY))) return;
    let at = full ? this.most - 1 : this.rows.length;
    for (; at > 0 && (this.cosines[at - 1] ?? 0) < cosine; at--) {
      this.rows[at] = this.rows[at - 1] ?? 0;
      this.cosines[at] = this.cosines[at - 1] ?? 0;
    }
    this.rows[at] = row;
    this.cosines[at] = cosine;
  }

  hits(): Hit[] {
    return this.rows.map((row, k) => ({ row, cosine: this.cosines[k] ?? 0 }));
  }
}
