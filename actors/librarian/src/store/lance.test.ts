import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as lancedb from '@lancedb/lancedb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreOutdated } from './errors.js';
import { openLance } from './lance.js';
import { packed, schemaOf } from './lance-rows.js';
import { TermShares, worthAsking } from './rare-terms.js';
import type { ChunkRow } from './types.js';

const DIMENSIONS = 4;

const row = (id: string, terms: string): ChunkRow => ({
  ...{ id, repository: 'acme/app', path: `src/${id}.ts`, language: 'typescript', kind: 'function', symbol: id },
  ...{ title: id, text: terms, terms, start_line: 1, end_line: 2, commit: '', changed_at: 1, trust: 'known' },
  ...{ hash: id, meaning: id, file_hash: id, passages: 1, tokens: 3, links: '{}', embedded: true },
  vector: Float32Array.of(1, 0, 0, 0),
});

describe('an embedded store of before', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-lance-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('in another form is refused by name, with what to do, whatever is asked of it', async () => {
    const db = await lancedb.connect(folder);
    await db.createTable('codebase', [{ id: 'a', path: 'a.ts', text: 'old', vector: [1, 0, 0, 0] }]);
    db.close();
    const store = await openLance({ folder, dimensions: DIMENSIONS });
    try {
      const asks = [
        () => store.count('codebase'),
        () => store.words('codebase', 'old', 3),
        () => store.near('codebase', Float32Array.of(1, 0, 0, 0), 3),
        () => store.put('codebase', [row('b', 'new')]),
      ];
      for (const ask of asks) {
        const refused = await ask().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(refused).toBeInstanceOf(StoreOutdated);
        expect(String(refused)).toContain(`the index in ${folder} was written by an earlier version of Cortex`);
        expect(String(refused)).toContain('remove that folder and index again');
      }
    } finally {
      await store.close();
    }
  });

  it('whose rows do not know their ids, and that lacks an index, answers as a new one, and is put in order', async () => {
    const db = await lancedb.connect(folder);
    const rows = [row('lease', 'renew lease'), row('queue', 'wait queue')].map((one) => {
      const { id: _, terms: __, ...rest } = JSON.parse(String(packed(one).row)) as ChunkRow;
      return { ...packed(one), row: JSON.stringify(rest) };
    });
    const table = await db.createTable('codebase', lancedb.makeArrowTable(rows, { schema: schemaOf(DIMENSIONS) }));
    db.close();
    const store = await openLance({ folder, dimensions: DIMENSIONS });
    try {
      await store.settle('codebase');
      await table.checkoutLatest();
      expect((await table.listIndices()).flatMap(({ columns }) => columns).sort()).toEqual(['id', 'path', 'terms']);
      const [hit] = await store.words('codebase', 'lease', 3);
      const taken = await store.take('codebase', [hit?.key ?? '']);
      expect([...taken.values()]).toEqual([{ ...row('lease', 'renew lease'), vector: new Float32Array(0) }]);
      expect((await store.get('codebase', ['queue'])).map(({ id }) => id)).toEqual(['queue']);
      // Removed between finding and reading.
      await store.remove('codebase', { ids: ['lease'] });
      expect((await store.take('codebase', [hit?.key ?? ''])).size).toBe(0);
    } finally {
      table.close();
      await store.close();
    }
  });
});

describe('terms worth asking for', () => {
  const shares = new TermShares();
  for (let i = 0; i < 100; i++) shares.add(i < 90 ? 'the of' : i < 95 ? 'the lease lease' : 'queue');

  it('are all of them while nothing is known of the table, or where it is small', () => {
    expect(worthAsking(['the', 'lease', 'the'], undefined, 1_000_000)).toEqual(['the', 'lease']);
    expect(worthAsking(['the', 'of', 'lease', 'queue'], shares, 1_000).sort()).toEqual(['lease', 'of', 'queue', 'the']);
  });

  it('are the rarest in a large one, three at least', () => {
    expect(worthAsking(['the', 'of', 'lease', 'queue', 'unseen'], shares, 100_000)).toEqual([
      'unseen',
      'lease',
      'queue',
    ]);
    expect(worthAsking(['the', 'of'], shares, 10_000_000)).toEqual(['of', 'the']);
  });

  it('are no more than a hundred or so of a text without end', () => {
    expect(
      worthAsking(
        Array.from({ length: 5_000 }, (_, i) => `w${i}`),
        shares,
        30_000,
      ).length,
    ).toBe(96);
  });
});
