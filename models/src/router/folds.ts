// Which rows are judged together: every row is judged once by voices that saw neither it nor a near copy of it.
// The one thing to know: near copies (a report pasted twice, a paraphrase) go into the same fold. Without that the odds fitted on
// held-out rows promise more than fresh tasks keep, and neighbours look better than they are.
import { foldText, wordSpans } from '../experts/lexical/index.js';
import { stack } from '../experts/linear/index.js';
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { Neighbours } from './neighbours.js';

/** Cosine from which two texts count as copies of one. */
export const NEAR_COPY = 0.9;
const LOOKED_AT = 12;

/** Fold number of each row, 0 … folds−1; the folds are of nearly the same size. */
export async function assignFolds(
  texts: readonly string[],
  vectors: readonly Float32Array[] | undefined,
  folds: number,
  seed: number,
): Promise<Int32Array> {
  const parent = Int32Array.from({ length: texts.length }, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const seen = new Map<string, number>();
  texts.forEach((text, r) => {
    const folded = foldText(text);
    const spans = wordSpans(folded);
    const words: string[] = [];
    for (let s = 0; s < spans.length; s += 2) words.push(folded.slice(spans[s], spans[s + 1]));
    const key = words.sort().join(' ');
    const first = seen.get(key);
    if (first === undefined) seen.set(key, r);
    else parent[root(r)] = root(first);
  });
  if (vectors?.length) {
    const matrix = stack(vectors);
    const index = new Neighbours(
      matrix,
      { rows: 0, columns: matrix.columns, data: new Float32Array() },
      new Int32Array(),
    );
    await index.searchAll(matrix, LOOKED_AT, (r, { rows, cosines }) => {
      rows.forEach((other, i) => {
        if (cosines[i]! >= NEAR_COPY) parent[root(r)] = root(other);
      });
    });
  }
  return spread(
    parent.map((_, r) => root(r)),
    folds,
    seed,
  );
}

/** Groups in random order, each into the emptiest fold; a group larger than half a fold is cut, or a label could vanish. */
function spread(group: Int32Array, folds: number, seed: number): Int32Array {
  const members = new Map<number, number[]>();
  for (const r of shuffledIndices(group.length, seededRandom(seed))) {
    const list = members.get(group[r]!);
    if (list) list.push(r);
    else members.set(group[r]!, [r]);
  }
  const largest = Math.max(1, Math.floor(group.length / folds / 2));
  const fold = new Int32Array(group.length);
  const size = new Int32Array(folds);
  for (const list of members.values()) {
    for (let from = 0; from < list.length; from += largest) {
      const part = list.slice(from, from + largest);
      const to = size.indexOf(Math.min(...size));
      for (const r of part) fold[r] = to;
      size[to]! += part.length;
    }
  }
  return fold;
}
