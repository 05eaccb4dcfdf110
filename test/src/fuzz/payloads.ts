// Seeded, structure-aware rubbish for `tasks.submit`: random bytes, cut and mutated JSON, wrong types, deep nesting, prototype keys, bad UTF-8.

export interface Random {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32: small, seeded, good enough for fuzzing. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

const FIELDS = [
  'id',
  'text',
  'title',
  'priority',
  'source',
  'repository',
  'labels',
  'deadline',
  'budget',
  'master',
  '__proto__',
  'constructor',
  'unknown',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  1.5,
  '',
  ' ',
  'x',
  'critical',
  'security',
  '2026-12-01T12:00:00Z',
  'not a date',
  [],
  {},
  [1],
  { tokens: -1 },
  { tokens: 'many' },
  { a: 1 },
  { a: 'b' },
  '\u0000',
  '\ud800',
  '💥',
  'a.b.*.>',
  '../../etc/passwd',
  'x'.repeat(40_000),
  '$JS.API.STREAM.DELETE.LOG',
];

type Kind = (random: Random, index: number) => Uint8Array;
const text = (value: string) => new TextEncoder().encode(value);
const json = (value: unknown) => text(JSON.stringify(value));

const KINDS: Record<string, Kind> = {
  'random bytes': (r) => Uint8Array.from({ length: r.below(400) }, () => r.below(256)),
  'bad UTF-8': (r, i) => Uint8Array.from([...text(`task ${i} `), 0xc3, 0x28, 0xf0, 0x9f, r.below(256)]),
  'plain text': (r, i) => text(`${r.pick(['scan', 'fix', 'list', '???'])} thing number ${i}`),
  blank: (r) => text(' \n\t'.repeat(r.below(20))),
  'cut JSON': (r, i) => {
    const whole = json({ id: `cut ${i}`, text: 'scan the payments repo', labels: { team: 'core' } });
    return whole.slice(0, 1 + r.below(whole.length - 1));
  },
  'flipped JSON': (r, i) => {
    const bytes = json({ id: `flip ${i}`, text: 'scan the payments repo', priority: 'high' });
    for (let n = 1 + r.below(4); n > 0; n--) bytes[r.below(bytes.length)] = r.below(256);
    return bytes;
  },
  'wrong types': (r, i) => {
    const fields = Array.from(
      { length: 1 + r.below(6) },
      () => `${JSON.stringify(r.pick(FIELDS))}:${JSON.stringify(r.pick(VALUES))}`,
    );
    return text(`{"id":"types ${i}","text":"scan the repo",${fields.join(',')}}`);
  },
  'deep nesting': (r) => text(r.pick(['[', '{"a":']).repeat(1 + r.below(5_000))),
  'closed nesting': (r, i) => {
    const depth = 1 + r.below(3_000);
    return text(`{"id":"deep ${i}","text":"x","extra":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  },
  'large text': (r, i) => json({ id: `large ${i}`, text: 'y'.repeat(32_700 + r.below(200)) }),
  'not an object': (r) => json([r.pick(VALUES)]),
};

export interface Fuzzed {
  readonly kind: string;
  readonly payload: Uint8Array;
}

/** `count` payloads; the same seed gives the same ones. */
export function fuzzedPayloads(seed: number, count: number): Fuzzed[] {
  const random = seeded(seed);
  const kinds = Object.entries(KINDS);
  return Array.from({ length: count }, (_, i) => {
    const [kind, make] = random.pick(kinds);
    return { kind, payload: make(random, i) };
  });
}
