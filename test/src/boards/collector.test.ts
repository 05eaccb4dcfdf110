// The collector's configuration, as far as it can be judged without one: every part of a pipeline is defined, and tail sampling asks for attributes
// that spans really carry.
import { readFileSync } from 'node:fs';
import { METHODS, SPAN_KEYS } from '@cortex/schemas';
import { expect, it } from 'vitest';

const text = readFileSync(new URL('../../../ops/collector/config.yaml', import.meta.url), 'utf8');
/** Names defined under a top-level key. */
const defined = (section: string) =>
  [...(new RegExp(`^${section}:\\n((?:  .*\\n|\\n)*)`, 'm').exec(text)?.[1] ?? '').matchAll(/^ {2}([\w/]+):/gm)].map(
    ([, name]) => name,
  );

it('every part of a pipeline is defined, and nothing is defined in vain', () => {
  for (const kind of ['receivers', 'processors', 'exporters']) {
    const used = [...text.matchAll(new RegExp(`^ {6}${kind}: \\[(.*)\\]`, 'gm'))].flatMap(([, list]) =>
      (list ?? '').split(', '),
    );
    expect(new Set(used), kind).toEqual(new Set(defined(kind)));
  }
  // What it refuses when memory is short must be refused before anything is kept.
  expect(text).toMatch(/processors: \[memory_limiter, tail_sampling, batch\]/);
});

it('keeps every trace with an error, every slow one, every unsure and every repeated one, and a share of the rest', () => {
  const types = [...text.matchAll(/^ {8}type: (\w+)/gm)].map(([, type]) => type);
  expect(types).toEqual(['status_code', 'latency', 'string_attribute', 'numeric_attribute', 'probabilistic']);
  const keys: readonly string[] = Object.values(SPAN_KEYS);
  for (const [, key] of text.matchAll(/^ {10}key: (\S+)/gm)) expect(keys).toContain(key);
  for (const method of /values: \[(.*)\]/.exec(text)?.[1]?.split(', ') ?? []) expect(METHODS).toContain(method);
});
