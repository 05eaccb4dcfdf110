// Rows for the stores' suite, and batches of them that a process writes until it is killed.
import type { Store } from '@cortex/actor-librarian';
import { searchTerms } from '@cortex/models';

export type Row = Parameters<Store['put']>[1][number];
export const DIMENSIONS = 8;

export const unit = (...values: number[]) => {
  const vector = Float32Array.from({ length: DIMENSIONS }, (_, i) => values[i] ?? 0);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};

export function row(id: string, text: string, more: Partial<Row> = {}): Row {
  return {
    id,
    repository: 'acme/app',
    path: `src/${id}.ts`,
    language: 'typescript',
    kind: 'function',
    symbol: id,
    title: `src/${id}.ts › ${id}`,
    text,
    terms: searchTerms(text).join(' '),
    start_line: 3,
    end_line: 9,
    commit: 'c0ffee',
    changed_at: Date.parse('2026-05-01T00:00:00Z'),
    trust: 'known',
    hash: `hash-${id}`,
    meaning: `meaning-${id}`,
    file_hash: `file-${id}`,
    passages: 1,
    tokens: 5,
    links: '{"imports":["./b.js"]}',
    embedded: true,
    vector: unit(1, 0.1),
    ...more,
  };
}

/** Batches that follow one another without end; each has a word of its own. */
export const BATCH_ROWS = 40;
export const wordOf = (batch: number): string => `batchword${batch}`;
export const batchOf = (batch: number): Row[] =>
  Array.from({ length: BATCH_ROWS }, (_, i) =>
    row(`w${batch}-${i}`, `${wordOf(batch)} row ${i}`, { vector: unit(0, 0, 0, 0, 0, 0, 1, i / BATCH_ROWS) }),
  );
