// The past tasks nearest in meaning, by plain cosine over everything kept: exact, and under a millisecond at 4,000 tasks.
// The one thing to know: it keeps distinct texts, and each text has the rows (one a master) that had it.

export const NEIGHBOURS_KEPT = 60;

export interface NeighbourList {
  /** Numbers of the kept texts, the nearest first, and their cosines. */
  texts: Int32Array;
  cosines: Float32Array;
}

/** Unit vectors one after the other. */
export interface VectorStore {
  dimensions: number;
  vectors: Float32Array;
}

export function unit(vector: Float32Array): Float32Array {
  let norm = 0;
  for (const v of vector) norm += v * v;
  norm = Math.sqrt(norm) || 1;
  return vector.map((v) => v / norm);
}

/** The nearest kept texts. @param without a text to leave out (the query itself in training), or −1. */
export function nearest(store: VectorStore, query: Float32Array, without = -1, keep = NEIGHBOURS_KEPT): NeighbourList {
  const { dimensions, vectors } = store;
  const count = dimensions ? vectors.length / dimensions : 0;
  const size = Math.min(keep, count - (without >= 0 ? 1 : 0));
  const texts = new Int32Array(Math.max(0, size));
  const cosines = new Float32Array(texts.length);
  let filled = 0;
  for (let t = 0; t < count; t++) {
    if (t === without) continue;
    const cosine = dot(vectors, t * dimensions, query);
    if (filled === texts.length) {
      if (!filled || cosine <= cosines[filled - 1]!) continue;
    } else filled++;
    let at = filled - 1;
    while (at > 0 && cosines[at - 1]! < cosine) {
      cosines[at] = cosines[at - 1]!;
      texts[at] = texts[at - 1]!;
      at--;
    }
    cosines[at] = cosine;
    texts[at] = t;
  }
  return { texts, cosines };
}

/** Four sums side by side: twice as fast as one, since none waits for the other. */
function dot(vectors: Float32Array, base: number, query: Float32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = query.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += vectors[base + i]! * query[i]!;
    b += vectors[base + i + 1]! * query[i + 1]!;
    c += vectors[base + i + 2]! * query[i + 2]!;
    d += vectors[base + i + 3]! * query[i + 3]!;
  }
  for (let i = whole; i < query.length; i++) a += vectors[base + i]! * query[i]!;
  return a + b + c + d;
}
