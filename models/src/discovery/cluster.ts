// Groups of texts that belong together: average-link agglomeration over cosines (Sokal & Michener 1958), cut where a group would become looser
// than the work of the masters that are known. Noise stays alone, as it must: most tasks nobody fits have nothing in common.

/** At most so many are clustered at once: the method takes their square. */
export const MOST_CLUSTERED = 600;

/** @param vectors unit length. @param threshold least mean cosine between two groups that become one. Largest groups first. */
export function cluster(vectors: readonly Float32Array[], threshold: number): number[][] {
  if (vectors.length > MOST_CLUSTERED)
    throw new RangeError(`${vectors.length} texts at once; ${MOST_CLUSTERED} are the most`);
  const n = vectors.length;
  const members: (number[] | undefined)[] = vectors.map((_, i) => [i]);
  // Mean cosine between groups; kept up to date by the sizes (Lance & Williams 1967).
  const link = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => (i === j ? Number.NEGATIVE_INFINITY : dot(vectors[i], vectors[j]))),
  );
  const bestOf = (i: number): number => {
    const row = link[i] as Float64Array;
    let best = -1;
    for (let j = 0; j < n; j++) if (members[j] && j !== i && (best < 0 || (row[j] ?? 0) > (row[best] ?? 0))) best = j;
    return best;
  };
  const nearest = members.map((_, i) => bestOf(i));
  for (;;) {
    let a = -1;
    for (let i = 0; i < n; i++) {
      const j = nearest[i] ?? -1;
      if (!members[i] || j < 0) continue;
      if (a < 0 || cosine(link, i, j) > cosine(link, a, nearest[a] ?? 0)) a = i;
    }
    if (a < 0) break;
    const b = nearest[a] as number;
    if (cosine(link, a, b) < threshold) break;
    const [left, right] = [members[a] as number[], members[b] as number[]];
    for (let k = 0; k < n; k++) {
      if (!members[k] || k === a || k === b) continue;
      const mean =
        (left.length * cosine(link, a, k) + right.length * cosine(link, b, k)) / (left.length + right.length);
      (link[a] as Float64Array)[k] = mean;
      (link[k] as Float64Array)[a] = mean;
    }
    members[a] = [...left, ...right];
    members[b] = undefined;
    for (let k = 0; k < n; k++)
      if (members[k] && (k === a || nearest[k] === a || nearest[k] === b)) nearest[k] = bestOf(k);
  }
  return members.filter((group) => group !== undefined).sort((x, y) => y.length - x.length);
}

function cosine(link: readonly Float64Array[], i: number, j: number): number {
  return link[i]?.[j] ?? Number.NEGATIVE_INFINITY;
}

export function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || !b) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Mean cosine of all pairs; 1 for a single vector. */
export function cohesion(vectors: readonly Float32Array[]): number {
  const n = vectors.length;
  if (n < 2) return 1;
  // The square of the sum's length counts every pair, and every vector with itself.
  const sum = centre(vectors);
  return (n * n * dot(sum, sum) - n) / (n * (n - 1));
}

/** Mean vector, not of unit length. */
export function centre(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] ?? 0) + (vector[i] ?? 0) / vectors.length;
  return mean;
}
