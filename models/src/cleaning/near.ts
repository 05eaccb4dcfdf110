// Finds texts that nearly repeat one another among very many. Candidates by MinHash with bands (Broder 1997; Leskovec, Rajaraman, Ullman,
// "Mining of Massive Datasets", ch. 3), each then compared in full: the share of common three-term runs, as in `search/near-duplicates`.
import { searchTerms } from '../search/index.js';

const RUN = 3;
/** Shorter texts repeat one another by nature ("reset my password"): only their exact copies count as copies. */
const FEWEST_TERMS = 8;
/** Terms of a text that are compared. */
const COMPARED = 2_000;
const BANDS = 8;
const ROWS = 4;

export interface NearIndex {
  /** The first added text that `text` nearly repeats; undefined when there is none. */
  find(text: string): number | undefined;
  /** Adds a text under a number. */
  add(text: string, id: number): void;
}

/** @param likeness share of common runs from which on a text repeats another, 0 to 1. Default 0.9. */
export function nearIndex(likeness = 0.9): NearIndex {
  const bands = Array.from({ length: BANDS }, () => new Map<number, number[]>());
  const kept = new Map<number, Set<number>>();
  let latest: { text: string; runs: Set<number> | undefined; keys: number[] } | undefined;
  const read = (text: string) => {
    if (latest?.text === text) return latest;
    const runs = runsOf(text);
    latest = { text, runs, keys: runs ? bandKeys(runs) : [] };
    return latest;
  };
  return {
    find(text) {
      const { runs, keys } = read(text);
      if (!runs) return undefined;
      const seen = new Set<number>();
      let best: number | undefined;
      for (const [band, key] of keys.entries()) {
        for (const id of bands[band]?.get(key) ?? []) {
          if (seen.has(id) || (best !== undefined && id > best)) continue;
          seen.add(id);
          const other = kept.get(id);
          if (other && jaccard(runs, other) >= likeness) best = id;
        }
      }
      return best;
    },
    add(text, id) {
      const { runs, keys } = read(text);
      if (!runs) return;
      kept.set(id, runs);
      for (const [band, key] of keys.entries()) {
        const ids = bands[band]?.get(key);
        if (ids) ids.push(id);
        else bands[band]?.set(key, [id]);
      }
    },
  };
}

/** Hashes of the text's runs; undefined for a text that is too short to be compared. */
function runsOf(text: string): Set<number> | undefined {
  const terms = searchTerms(text).slice(0, COMPARED);
  if (terms.length < FEWEST_TERMS) return undefined;
  const runs = new Set<number>();
  for (let i = 0; i + RUN <= terms.length; i++) runs.add(hash(`${terms[i]} ${terms[i + 1]} ${terms[i + 2]}`));
  return runs;
}

function bandKeys(runs: ReadonlySet<number>): number[] {
  const keys: number[] = [];
  for (let band = 0; band < BANDS; band++) {
    let key = band;
    for (let row = 0; row < ROWS; row++) {
      const salt = Math.imul(band * ROWS + row + 1, 0x9e3779b1);
      let least = 0xffffffff;
      for (const run of runs) {
        const mixed = mix(run ^ salt);
        if (mixed < least) least = mixed;
      }
      key = mix(key ^ least);
    }
    keys.push(key);
  }
  return keys;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Murmur3's finaliser: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const run of small) if (large.has(run)) common++;
  return common / (a.size + b.size - common);
}
