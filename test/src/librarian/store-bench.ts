// How fast a store and the librarian over it are: made passages with made vectors, so that no encoder is in the figures. Bare calls of the store's own
// client stand beside what the librarian makes of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contextFor, Library, type Store } from '@cortex/actor-librarian';
import { type Encoder, searchTerms, seededRandom } from '@cortex/models';

const DIMENSIONS = 384;
const TOPICS = 400;

type Row = Parameters<Store['put']>[1][number];

export interface StoreFigures {
  store: string;
  passages: number;
  put_per_second: number;
  settle_seconds: number;
  near_ms: Quantiles;
  words_ms: Quantiles;
  context_ms: Quantiles;
  /** The same for a task told in sixty words. */
  long_context_ms: Quantiles;
  /** Of the ten nearest by an exact look, how many the store finds. */
  recall_at_10: number;
}
export interface Quantiles {
  p50: number;
  p95: number;
}

/** Vectors around topics, texts of that topic's words: near means alike, as it is with real ones. */
export class MadePassages {
  private readonly random: () => number;
  private readonly topics: Float32Array[];
  private readonly words: string[][];
  private readonly paths: string[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.topics = Array.from({ length: TOPICS }, () => this.unit());
    const syllables = ['ka', 'lo', 'mi', 'ren', 'tu', 'sha', 'der', 'vol', 'pin', 'gra', 'ex', 'ob'];
    const word = () =>
      Array.from(
        { length: 2 + Math.floor(this.random() * 3) },
        () => syllables[Math.floor(this.random() * syllables.length)],
      ).join('');
    const common = Array.from({ length: 2_000 }, word);
    this.words = Array.from({ length: TOPICS }, () =>
      Array.from({ length: 300 }, (_, i) =>
        i < 220 ? (common[Math.floor(this.random() ** 2 * common.length)] ?? 'ka') : word(),
      ),
    );
  }

  private unit(around?: Float32Array): Float32Array {
    const vector = Float32Array.from({ length: DIMENSIONS }, (_, i) => (around?.[i] ?? 0) * 12 + this.random() - 0.5);
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  }

  text(topic: number, words: number): string {
    const own = this.words[topic] ?? [];
    return Array.from({ length: words }, () => own[Math.floor(this.random() ** 1.5 * own.length)] ?? 'ka').join(' ');
  }

  question(words = 14): { text: string; vector: Float32Array } {
    const topic = Math.floor(this.random() * TOPICS);
    return { text: this.text(topic, words), vector: this.unit(this.topics[topic]) };
  }

  row(i: number): Row {
    const topic = Math.floor(this.random() * TOPICS);
    const text = this.text(topic, 60 + Math.floor(this.random() * 80));
    const path = `src/${topic}/${i >> 3}.ts`;
    // Files import one another, so that a context has a graph to walk.
    const imported = this.paths[Math.floor(this.random() * this.paths.length)];
    this.paths.push(path);
    const id = i.toString(16).padStart(32, '0');
    return {
      id,
      repository: 'made',
      path,
      language: 'typescript',
      kind: 'function',
      symbol: `f${i}`,
      title: `${path} › f${i}`,
      text,
      terms: searchTerms(text).join(' '),
      start_line: 1,
      end_line: 20,
      commit: '',
      changed_at: 1_700_000_000_000 + i,
      trust: 'known',
      hash: id,
      meaning: id,
      file_hash: id,
      passages: 1,
      tokens: 120,
      links: imported ? JSON.stringify({ imports: [`../../${imported}`] }) : '{}',
      embedded: true,
      vector: this.unit(this.topics[topic]),
    };
  }
}

export async function benchStore(
  kind: 'lancedb' | 'milvus',
  passages: number,
  log: (line: string) => void,
  milvus?: string,
): Promise<StoreFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-bench-'));
  const made = new MadePassages(7);
  const asked = new Map<string, Float32Array>();
  // The encoder's pass is left out of the figures: it knows the questions' vectors.
  const encoder: Encoder = {
    id: 'made',
    dimensions: DIMENSIONS,
    encode: async (texts) => texts.map((text) => asked.get(text) ?? new Float32Array(DIMENSIONS)),
    close: async () => undefined,
  };
  const library = await Library.open({ folder, encoder, ...(milvus ? { milvus, prefix: `bench${process.pid}` } : {}) });
  const { store } = library;
  try {
    const exact: { id: string; vector: Float32Array }[] = [];
    let began = performance.now();
    let making = 0;
    for (let at = 0; at < passages; at += 2_000) {
      const start = performance.now();
      const rows = Array.from({ length: Math.min(2_000, passages - at) }, (_, i) => made.row(at + i));
      making += performance.now() - start;
      await store.put('codebase', rows);
      for (const { id, vector } of rows) exact.push({ id, vector });
      if (at % 20_000 === 0) log(`${kind}: ${at + rows.length} of ${passages} passages`);
    }
    const put = (performance.now() - began - making) / 1000;
    began = performance.now();
    await store.settle('codebase');
    const settle = (performance.now() - began) / 1000;
    const questions = Array.from({ length: 60 }, () => made.question());
    const long = Array.from({ length: 60 }, () => made.question(60));
    for (const { text, vector } of [...questions, ...long]) asked.set(text, vector);
    for (const { text, vector } of questions.slice(0, 5)) {
      await contextFor(library, { task: { text }, budget_tokens: 4_000 });
      await store.near('codebase', vector, 10);
    }
    const found: string[][] = [];
    const near = await times(
      questions,
      async ({ vector }) => void found.push((await store.near('codebase', vector, 10)).map(({ key }) => key)),
    );
    const words = await times(questions, ({ text }) => store.words('codebase', searchTerms(text).join(' '), 10));
    const contexts = (asks: typeof questions) =>
      times(asks, ({ text }) => contextFor(library, { task: { text }, budget_tokens: 4_000 }));
    const context = await contexts(questions);
    const longContext = await contexts(long);
    const ids: string[][] = [];
    for (const keys of found) ids.push([...(await store.take('codebase', keys)).values()].map(({ id }) => id));
    const recall = questions.slice(0, 20).map(({ vector }, i) => {
      const best = exact
        .map(({ id, vector: other }) => ({ id, score: dot(vector, other) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 10);
      return best.filter(({ id }) => ids[i]?.includes(id)).length / 10;
    });
    return {
      store: kind,
      passages,
      put_per_second: Math.round(passages / put),
      settle_seconds: Math.round(settle * 10) / 10,
      near_ms: near,
      words_ms: words,
      context_ms: context,
      long_context_ms: longContext,
      recall_at_10: recall.reduce((a, b) => a + b, 0) / recall.length,
    };
  } finally {
    await library.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function times<T>(questions: readonly T[], work: (question: T) => Promise<unknown>): Promise<Quantiles> {
  const taken: number[] = [];
  for (const question of questions) {
    const began = performance.now();
    await work(question);
    taken.push(performance.now() - began);
  }
  taken.sort((a, b) => a - b);
  const at = (share: number) => Math.round((taken[Math.floor(share * (taken.length - 1))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95) };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
