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

/** The texts a master is known by, the fullest first. */
export function viewsOf(master: MasterProfile): string[] {
  const name = nameInWords(master.name);
  const views = [name];
  if (master.description) views.unshift(`${name}: ${master.description}`, master.description);
  if (master.keywords?.length) views.push(`${name}: ${master.keywords.join(', ')}`);
  return [...new Set(views.filter(Boolean))];
}

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
  const views = masters.map((master) => [
    ...viewsOf(master),
    ...(trained && !trained.has(master.name) ? (master.examples ?? []).slice(0, MOST_EXAMPLES) : []),
  ]);
  const names = masters.map(({ name }) => name);
  const texts = views.map((list) => list.join('\n'));
  if (!encode || !masters.length) return { names, texts, hub: names.map(() => 0) };
  const flat = await encode(views.flat());
  let at = 0;
  const vectors = views.map((list) => {
    const sum = new Float32Array(flat[0]?.length ?? 0);
    for (const vector of flat.slice(at, at + list.length)) for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!;
    at += list.length;
    return unit(sum);
  });
  const hub = vectors.map((vector, i) => {
    let sum = 0;
    for (const [j, other] of vectors.entries()) sum += i === j ? 0 : dot(vector, other);
    return vectors.length > 1 ? sum / (vectors.length - 1) : 0;
  });
  return { names, vectors, texts, hub };
}

/** How much words in common add to the cosine, and what they count where there is no encoder. */
const WORDS_BESIDE_MEANING = 0.15;
const WORDS_ALONE = 0.5;
/** Share of a master's mean closeness to the others that is taken off. */
const HUB_SHARE = 0.5;

/** Closeness of tasks to masters: about 0 for strangers, 0.5 and more for a good fit. */
export class ProfileScorer {
  readonly #vocabulary: Vocabulary;
  /** By gram: which masters have it, and how much it weighs there. */
  readonly #postings: { masters: number[]; values: number[] }[];

  constructor(readonly profiles: Profiles) {
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
    const { vectors, hub, names } = this.profiles;
    const result = new Float64Array(names.length);
    const { columns, values } = this.#vocabulary.row(text);
    const meaning = vector !== undefined && vectors !== undefined;
    const share = meaning ? WORDS_BESIDE_MEANING : WORDS_ALONE;
    columns.forEach((column, i) => {
      const { masters, values: weights } = this.#postings[column]!;
      for (let p = 0; p < masters.length; p++) result[masters[p]!]! += share * values[i]! * weights[p]!;
    });
    if (meaning) for (let m = 0; m < names.length; m++) result[m]! += dot(vector, vectors[m]!) - HUB_SHARE * hub[m]!;
    return result;
  }
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}
