// Work that nobody owns, found among the tasks that fitted no master: groups that are as much of one kind as the known masters' work is,
// named from their words, and proposed as a new master or as more work for one that is near. A person decides.
import { STOP_STEMS, stem, typicalWords, words } from '../text/index.js';
import { centre, cluster, cohesion, dot, MOST_CLUSTERED } from './cluster.js';

export interface KnownMaster {
  readonly name: string;
  /** Unit vectors of tasks it did or was registered with. */
  readonly vectors: readonly Float32Array[];
}

export interface DiscoverInput {
  /** Tasks nobody fits, newest last. */
  readonly texts: readonly string[];
  /** Unit vectors, one a text. */
  readonly vectors: readonly Float32Array[];
  readonly masters: readonly KnownMaster[];
  /** Texts of known work, for what is ordinary in the words. */
  readonly ordinary?: readonly string[];
  /** Fewest tasks that make a proposal. Default 8. */
  readonly least?: number;
}

export interface Proposal {
  readonly kind: 'new-master' | 'extend-master';
  /** Made from the typical words; for an extension the master's name. */
  readonly name: string;
  readonly description: string;
  readonly words: string[];
  /** Places in `texts`, the most typical first. */
  readonly members: number[];
  /** Mean cosine of its tasks with each other. */
  readonly cohesion: number;
  readonly nearest?: { readonly master: string; readonly similarity: number };
}

/** Where no master has enough work to compare with: what paraphrases of one request have with the default encoder. */
const DEFAULT_TIGHTNESS = 0.45;

/** Proposals, the largest first. */
export function discover(input: DiscoverInput): Proposal[] {
  const { least = 8, ordinary = [] } = input;
  const from = Math.max(0, input.texts.length - MOST_CLUSTERED);
  const texts = input.texts.slice(from);
  const vectors = input.vectors.slice(from);
  const threshold = tightness(input.masters);
  const groups = cluster(vectors, threshold).filter((group) => group.length >= least);
  const inGroup = new Set(groups.flat());
  const others = [...texts.filter((_, i) => !inGroup.has(i)), ...ordinary];
  const counts = [...groups.map((group) => countWords(group.map((i) => texts[i] ?? ''))), countWords(others)];
  const typical = typicalWords(counts.map(({ stems }) => stems));
  return groups.map((group, g) => {
    const mine = group.map((i) => vectors[i] as Float32Array);
    const middle = centre(mine);
    const members = [...group].sort((a, b) => dot(vectors[b], middle) - dot(vectors[a], middle));
    const written = counts[g]?.written ?? new Map<string, string>();
    const top = (typical[g] ?? []).slice(0, 6).map(({ word }) => written.get(word) ?? word);
    const nearest = nearestMaster(middle, input.masters);
    const tight = cohesion(mine);
    // As near to a master's work as its own tasks are to each other: it is that master's work, which its examples did not show.
    const extends_ = nearest !== undefined && nearest.similarity >= 0.9 * tight;
    return {
      kind: extends_ ? 'extend-master' : 'new-master',
      name: extends_ ? nearest.master : inOrder(top.slice(0, 2), members, texts).join('-') || `group-${g + 1}`,
      description: `Tasks about ${top.slice(0, 4).join(', ')}, such as: ${(texts[members[0] ?? 0] ?? '').slice(0, 160)}`,
      words: top,
      members: members.map((i) => i + from),
      cohesion: tight,
      ...(nearest ? { nearest } : {}),
    };
  });
}

/** How alike the tasks of a known master are: the lower quartile over masters, so that broad ones set the measure. */
function tightness(masters: readonly KnownMaster[]): number {
  const known = masters
    .filter(({ vectors }) => vectors.length >= 5)
    .map(({ vectors }) => cohesion(vectors))
    .sort((a, b) => a - b);
  // A few tasks scatter more than the whole of a master's work would: a tenth is allowed for it.
  return known.length < 2 ? DEFAULT_TIGHTNESS : 0.9 * (known[Math.floor(known.length / 4)] ?? DEFAULT_TIGHTNESS);
}

function nearestMaster(middle: Float32Array, masters: readonly KnownMaster[]) {
  let best: { master: string; similarity: number } | undefined;
  for (const { name, vectors } of masters) {
    if (vectors.length === 0) continue;
    const similarity = dot(middle, centre(vectors));
    if (!best || similarity > best.similarity) best = { master: name, similarity };
  }
  return best;
}

/** Words in the order in which the texts mostly have them: "credit limit", not "limit credit". */
function inOrder(pair: readonly string[], members: readonly number[], texts: readonly string[]): string[] {
  const [first, second] = pair.map((word) => stem(word));
  if (first === undefined || second === undefined) return [...pair];
  let before = 0;
  for (const i of members) {
    const stems = words(texts[i] ?? '').map(stem);
    const [a, b] = [stems.indexOf(first), stems.indexOf(second)];
    if (a >= 0 && b >= 0) before += a < b ? 1 : -1;
  }
  return before < 0 ? [...pair].reverse() : [...pair];
}

/** Stems counted once a text, and how each was mostly written. */
function countWords(texts: readonly string[]): { stems: Map<string, number>; written: Map<string, string> } {
  const stems = new Map<string, number>();
  const written = new Map<string, string>();
  for (const text of texts) {
    for (const word of new Set(words(text))) {
      const base = stem(word);
      if (STOP_STEMS.has(base) || base.length < 3 || /^\d+$/.test(base)) continue;
      stems.set(base, (stems.get(base) ?? 0) + 1);
      if (!written.has(base)) written.set(base, word);
    }
  }
  return { stems, written };
}
