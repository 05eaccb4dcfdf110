// What a master says of itself, compared with a task: how a master without a single past task can be found.
// The one thing to know: a master has several views (its name in words, its description, both together), and a view that is near
// to everything counts less (its mean closeness to the other masters is taken off).
import { Vocabulary } from '../experts/lexical/index.js';
import type { MasterProfile } from './types.js';
import type { Asked } from './voice.js';

export interface Profiles {
  names: string[];
  /** One unit vector a master, the mean of its views; absent without an encoder. */
  vectors?: Float32Array[];
  /** All views of each master, for the nearest of them. */
  views?: Float32Array[][];
  /** Texts of the views, for the words in common. */
  texts: string[];
  /** Mean closeness of each master to the others. */
  hub: number[];
}

/** "min_payment", "minPayment" and "min-payment" in words. */
export function nameInWords(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/[\s_\-./:]+/gu, ' ')
    .trim()
    .toLowerCase();
}

/** The texts a master is known by: whole ones, and the pieces of its description. */
export function viewsOf(master: MasterProfile): { whole: string[]; pieces: string[] } {
  const name = nameInWords(master.name);
  const whole = [name];
  if (master.description) whole.unshift(`${name}: ${master.description}`, master.description);
  if (master.keywords?.length) whole.push(`${name}: ${master.keywords.join(', ')}`);
  const pieces = (master.description ?? '').split(/[.,;:!?\n]|\s(?:and|or)\s/u).map((piece) => piece.trim());
  return {
    whole: [...new Set(whole.filter(Boolean))],
    pieces: [...new Set(pieces.filter((piece) => piece.length > 2))].slice(0, MOST_PIECES),
  };
}

const MOST_PIECES = 12;
const MOST_EXAMPLES = 20;

/**
 * @param encode absent: words in common are all there is to compare.
 * @param trained given when masters change after training: whoever is not in it is also known by its examples. (While training, examples are
 * rows, and a view made of them would know the answers it is judged on.)
 */
export async function describeMasters(
  masters: readonly MasterProfile[],
  encode?: (texts: readonly string[]) => Promise<readonly Float32Array[]>,
  trained?: ReadonlySet<string>,
): Promise<Profiles> {
  const seen = masters.map((master) => {
    const { whole, pieces } = viewsOf(master);
    const examples = trained && !trained.has(master.name) ? (master.examples ?? []).slice(0, MOST_EXAMPLES) : [];
    return { whole: [...whole, ...examples], pieces };
  });
  const names = masters.map(({ name }) => name);
  const texts = seen.map(({ whole }) => whole.join('\n'));
  if (!encode || !masters.length) return { names, texts, hub: names.map(() => 0) };
  const flat = await encode(seen.flatMap(({ whole, pieces }) => [...whole, ...pieces]));
  let at = 0;
  const views: Float32Array[][] = [];
  const vectors = seen.map(({ whole, pieces }) => {
    const own = flat.slice(at, at + whole.length + pieces.length);
    at += own.length;
    views.push(own);
    const wholes = own.slice(0, whole.length);
    return unit(sum(pieces.length ? [...wholes, unit(sum(own.slice(whole.length)))] : wholes));
  });
  return { names, vectors, views, texts, hub: hubs(vectors) };
}

function hubs(vectors: readonly Float32Array[]): number[] {
  return vectors.map((vector, i) => {
    let total = 0;
    for (const [j, other] of vectors.entries()) total += i === j ? 0 : dot(vector, other);
    return vectors.length > 1 ? total / (vectors.length - 1) : 0;
  });
}

/** The profiles of some masters, by number. */
export function pickProfiles({ names, vectors, views, texts, hub }: Profiles, chosen: readonly number[]): Profiles {
  return {
    names: chosen.map((m) => names[m]!),
    vectors: vectors && chosen.map((m) => vectors[m]!),
    views: views && chosen.map((m) => views[m]!),
    texts: chosen.map((m) => texts[m]!),
    hub: chosen.map((m) => hub[m]!),
  };
}

/** How much words in common add to the cosine, and what they count where there is no encoder. */
const WORDS_BESIDE_MEANING = 0.1;
const WORDS_ALONE = 0.5;
/** Share of a master's mean closeness to the others that is taken off. */
const HUB_SHARE = 0.4;

/** Closeness of tasks to masters: about 0 for strangers, 0.5 and more for a good fit. */
export class ProfileScorer {
  readonly #vocabulary: Vocabulary;
  /** By gram: which masters have it, and how much it weighs there. */
  readonly #postings: { masters: number[]; values: number[] }[];

  /** @param thorough also look at the nearest single view: better where descriptions are all there is, and several times the work. */
  constructor(
    readonly profiles: Profiles,
    readonly thorough: boolean,
  ) {
    this.#vocabulary = Vocabulary.learn(profiles.texts, { limit: 40_000 });
    this.#postings = Array.from({ length: this.#vocabulary.width }, () => ({ masters: [], values: [] }));
    profiles.texts.forEach((text, m) => {
      const { columns, values } = this.#vocabulary.row(text);
      columns.forEach((column, i) => {
        this.#postings[column]!.masters.push(m);
        this.#postings[column]!.values.push(values[i]!);
      });
    });
  }

  /** One number a master. */
  closeness({ text, vector }: Asked): Float64Array {
    const { vectors, views, hub, names } = this.profiles;
    const result = new Float64Array(names.length);
    const { columns, values } = this.#vocabulary.row(text);
    const meaning = vector !== undefined && vectors !== undefined;
    const share = meaning ? WORDS_BESIDE_MEANING : WORDS_ALONE;
    columns.forEach((column, i) => {
      const { masters, values: weights } = this.#postings[column]!;
      for (let p = 0; p < masters.length; p++) result[masters[p]!]! += share * values[i]! * weights[p]!;
    });
    if (!meaning) return result;
    for (let m = 0; m < names.length; m++) {
      let near = dot(vector, vectors[m]!);
      if (this.thorough && views) {
        const nearest = views[m]!.reduce((top, view) => Math.max(top, dot(vector, view)), -1);
        near = (near + nearest) / 2;
      }
      result[m]! += near - HUB_SHARE * hub[m]!;
    }
    return result;
  }
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function sum(vectors: readonly Float32Array[]): Float32Array {
  const total = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let i = 0; i < total.length; i++) total[i]! += vector[i]!;
  return total;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}
