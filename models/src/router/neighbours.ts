// The nearest of many unit vectors: exact and batched while training, by cells while serving.
// The one thing to know: serving looks only into the cells nearest to the question (an inverted file, k-means cells), which keeps one search under
// a millisecond at ten thousand rows; the exact search would take four.
import { type Matrix, multiply } from '../experts/linear/index.js';
import { seededRandom, shuffledIndices } from '../metrics/index.js';

export interface Found {
  /** Row numbers, nearest first, and their cosines. */
  rows: Int32Array;
  cosines: Float32Array;
}

const EXACT_BELOW = 2048;
const BLOCK = 128;
/** Share of the cells that are looked into: 0.1 found 87 % of the five nearest among 10,000 requests, 0.2 would cost twice as much. */
const PROBED = 0.1;

export class Neighbours {
  readonly #members: Int32Array[] = [];

  /** @param cell cell of each vector; @param centres one vector a cell; none of both: search is exact. */
  constructor(
    readonly vectors: Matrix,
    readonly centres: Matrix,
    readonly cell: Int32Array,
  ) {
    const lists: number[][] = Array.from({ length: centres.rows }, () => []);
    cell.forEach((c, r) => {
      lists[c]!.push(r);
    });
    this.#members = lists.map((list) => Int32Array.from(list));
  }

  static async build(vectors: Matrix, seed: number): Promise<Neighbours> {
    if (vectors.rows < EXACT_BELOW) {
      return new Neighbours(vectors, { rows: 0, columns: vectors.columns, data: new Float32Array() }, new Int32Array());
    }
    const { centres, cell } = await cells(vectors, Math.round(Math.sqrt(vectors.rows)), seed);
    return new Neighbours(vectors, centres, cell);
  }

  /** The `most` nearest of one vector. */
  search(vector: Float32Array, most: number): Found {
    const nearest = new Nearest(Math.min(most, this.vectors.rows));
    const { centres, vectors } = this;
    if (!centres.rows) {
      for (let r = 0; r < vectors.rows; r++) nearest.offer(r, cosine(vectors, r, vector));
      return nearest.found();
    }
    const probes = new Nearest(Math.max(4, Math.round(centres.rows * PROBED)));
    for (let c = 0; c < centres.rows; c++) probes.offer(c, cosine(centres, c, vector));
    for (const c of probes.found().rows) {
      for (const r of this.#members[c]!) nearest.offer(r, cosine(vectors, r, vector));
    }
    return nearest.found();
  }

  /** The exact answer for many, through one matrix product a block. */
  async searchAll(asked: Matrix, most: number, visit: (row: number, found: Found) => void): Promise<void> {
    const { rows, columns } = this.vectors;
    for (let from = 0; from < asked.rows; from += BLOCK) {
      const to = Math.min(asked.rows, from + BLOCK);
      const block = { rows: to - from, columns, data: asked.data.slice(from * columns, to * columns) };
      const cosines = await multiply(block, this.vectors, 'right-transposed');
      for (let r = from; r < to; r++) {
        const nearest = new Nearest(Math.min(most, rows));
        const offset = (r - from) * rows;
        for (let i = 0; i < rows; i++) nearest.offer(i, cosines.data[offset + i]!);
        visit(r, nearest.found());
      }
    }
  }
}

function cosine({ columns, data }: Matrix, row: number, vector: Float32Array): number {
  // Four sums side by side: the processor adds them at once instead of waiting for one.
  let at = row * columns;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const fours = columns & ~3;
  for (let i = 0; i < fours; i += 4, at += 4) {
    a += data[at]! * vector[i]!;
    b += data[at + 1]! * vector[i + 1]!;
    c += data[at + 2]! * vector[i + 2]!;
    d += data[at + 3]! * vector[i + 3]!;
  }
  for (let i = fours; i < columns; i++, at++) a += data[at]! * vector[i]!;
  return a + b + (c + d);
}

/** Keeps the best few of many offers: a heap with the worst kept on top. */
class Nearest {
  #count = 0;
  readonly #rows: Int32Array;
  readonly #scores: Float32Array;

  constructor(most: number) {
    this.#rows = new Int32Array(most);
    this.#scores = new Float32Array(most);
  }

  offer(row: number, score: number): void {
    const scores = this.#scores;
    const rows = this.#rows;
    let at = 0;
    if (this.#count < rows.length) {
      at = this.#count++;
      while (at > 0 && scores[(at - 1) >> 1]! > score) {
        scores[at] = scores[(at - 1) >> 1]!;
        rows[at] = rows[(at - 1) >> 1]!;
        at = (at - 1) >> 1;
      }
    } else {
      if (!rows.length || score <= scores[0]!) return;
      for (let child = 1; child < this.#count; child = 2 * at + 1) {
        if (child + 1 < this.#count && scores[child + 1]! < scores[child]!) child++;
        if (scores[child]! >= score) break;
        scores[at] = scores[child]!;
        rows[at] = rows[child]!;
        at = child;
      }
    }
    scores[at] = score;
    rows[at] = row;
  }

  found(): Found {
    const order = Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => this.#scores[b]! - this.#scores[a]! || this.#rows[a]! - this.#rows[b]!);
    return {
      rows: Int32Array.from(order, (i) => this.#rows[i]!),
      cosines: Float32Array.from(order, (i) => this.#scores[i]!),
    };
  }
}

/** k-means on the sphere, a few rounds: cells need not be optimal, only balanced enough. */
async function cells(vectors: Matrix, count: number, seed: number) {
  const { columns } = vectors;
  const centres: Matrix = { rows: count, columns, data: new Float32Array(count * columns) };
  const order = shuffledIndices(vectors.rows, seededRandom(seed));
  for (let c = 0; c < count; c++) {
    const r = order[c]!;
    centres.data.set(vectors.data.subarray(r * columns, (r + 1) * columns), c * columns);
  }
  const cell = new Int32Array(vectors.rows);
  for (let round = 0; round < 6; round++) {
    const index = new Neighbours(centres, { rows: 0, columns, data: new Float32Array() }, new Int32Array());
    await index.searchAll(vectors, 1, (r, found) => {
      cell[r] = found.rows[0]!;
    });
    if (round === 5) break;
    centres.data.fill(0);
    cell.forEach((c, r) => {
      for (let i = 0; i < columns; i++) centres.data[c * columns + i]! += vectors.data[r * columns + i]!;
    });
    for (let c = 0; c < count; c++) {
      const row = centres.data.subarray(c * columns, (c + 1) * columns);
      const length = Math.hypot(...row) || 1;
      for (let i = 0; i < columns; i++) row[i]! /= length;
    }
  }
  return { centres, cell };
}
