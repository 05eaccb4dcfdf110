import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveStore, openLance, openMilvus, type Store } from '@cortex/actor-librarian';
import { searchTerms } from '@cortex/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MilvusServer, milvusLite, startMilvusLite } from './milvus-server.js';

type Row = Parameters<Store['put']>[1][number];
const DIMENSIONS = 8;

const unit = (...values: number[]) => {
  const vector = Float32Array.from({ length: DIMENSIONS }, (_, i) => values[i] ?? 0);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};

function row(id: string, text: string, more: Partial<Row> = {}): Row {
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

const ROWS = [
  row('lease', 'renew the lease of a worker', { vector: unit(1) }),
  row('queue', 'a queue of work that waits, waits and waits', { vector: unit(0, 1) }),
  row('quote', `it's a "quoted" \\ thing; DROP TABLE 100%`, {
    path: `odd/it's "here".py`,
    language: 'python',
    vector: unit(0, 0, 1),
  }),
  row('old', 'renew what is old', {
    repository: 'acme/old',
    changed_at: Date.parse('2020-01-01T00:00:00Z'),
    trust: 'outside',
    vector: unit(0.9, 0.1),
  }),
  row('bare', 'no vector renew', { embedded: false, vector: new Float32Array(DIMENSIONS) }),
];

interface Stage {
  open(): Promise<Store>;
  /** kill -9 of whoever holds the data, and back. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

function suite(name: string, stage: () => Promise<Stage>, missing?: () => Promise<string | undefined>) {
  describe(name, () => {
    let place: Stage;
    let store: Store;
    let why: string | undefined;
    beforeAll(async () => {
      why = await missing?.();
      if (why) return;
      place = await stage();
      store = await place.open();
      await store.put('codebase', ROWS);
    }, 900_000);
    afterAll(async () => {
      await store?.close();
      await place?.close();
    });
    const promise = (title: string, work: () => Promise<void>) =>
      it(title, async ({ skip }) => {
        if (why) skip(why);
        await work();
      });
    const ids = (hits: readonly { id: string }[]) => hits.map(({ id }) => id);

    promise('answers nothing, and does not fail, where nothing was put', async () => {
      expect(await store.count('patterns')).toBe(0);
      expect(await store.words('patterns', 'renew', 5)).toEqual([]);
      expect(await store.near('patterns', unit(1), 5)).toEqual([]);
      expect(await store.get('patterns', ['lease'])).toEqual([]);
    });

    promise('gives back what was put, every column, odd characters too', async () => {
      expect(await store.count('codebase')).toBe(ROWS.length);
      const [back] = await store.get('codebase', ['quote'], true);
      const { vector, ...rest } = back as Row;
      const { vector: put, ...wanted } = ROWS[2] as Row;
      expect(rest).toEqual(wanted);
      expect([...vector]).toEqual([...put].map((value) => expect.closeTo(value, 5)));
    });

    promise('finds by words, rarer and more often said first', async () => {
      expect((await store.words('codebase', 'leas', 5)).map(({ id }) => id)).toEqual(['lease']);
      const hits = await store.words('codebase', 'renew worker', 5);
      expect(hits[0]?.id).toBe('lease');
      expect(ids(hits).sort()).toEqual(['bare', 'lease', 'old']);
      expect(hits.every(({ score }, i) => score > 0 && (i === 0 || score <= (hits[i - 1]?.score ?? 0)))).toBe(true);
    });

    promise('finds by meaning, by cosine, and leaves out what has no vector', async () => {
      const hits = await store.near('codebase', unit(1), 10);
      expect(ids(hits).slice(0, 2)).toEqual(['lease', 'old']);
      expect(hits[0]?.score).toBeCloseTo(1, 4);
      expect(ids(hits)).not.toContain('bare');
    });

    promise('narrows both by every filter', async () => {
      const by = async (filter: object) => ids(await store.words('codebase', 'renew', 9, filter)).sort();
      expect(await by({ repository: 'acme/old' })).toEqual(['old']);
      expect(await by({ trust: ['own', 'known'] })).toEqual(['bare', 'lease']);
      expect(await by({ since: Date.parse('2026-01-01T00:00:00Z') })).toEqual(['bare', 'lease']);
      expect(await by({ until: Date.parse('2026-01-01T00:00:00Z') })).toEqual(['old']);
      expect(await by({ path: 'src/**/*.ts', notIds: ['bare'] })).toEqual(['lease', 'old']);
      expect(ids(await store.near('codebase', unit(0, 0, 1), 9, { language: 'python' }))).toEqual(['quote']);
      expect(ids(await store.near('codebase', unit(1), 9, { paths: [`odd/it's "here".py`] }))).toEqual(['quote']);
      expect(ids(await store.near('codebase', unit(1), 9, { paths: [] }))).toEqual([]);
    });

    promise('scans chosen columns of chosen rows', async () => {
      const found: string[] = [];
      for await (const rows of store.scan('codebase', ['path', 'passages'], { repository: 'acme/app' }))
        found.push(...rows.map(({ path, passages }) => `${path}=${passages}`));
      expect(found.sort()).toEqual(['odd/it\'s "here".py=1', 'src/bare.ts=1', 'src/lease.ts=1', 'src/queue.ts=1']);
    });

    promise('replaces a row of the same id, and finds the new text and never again the old', async () => {
      const before = await store.version('codebase');
      await store.put('codebase', [row('queue', 'now a stack', { vector: unit(0, 0, 0, 1) })]);
      expect(await store.version('codebase')).not.toBe(before);
      expect(await store.count('codebase')).toBe(ROWS.length);
      expect(await store.words('codebase', 'wait', 5)).toEqual([]);
      expect(ids(await store.words('codebase', 'stack', 5))).toEqual(['queue']);
      expect((await store.near('codebase', unit(0, 0, 0, 1), 1))[0]?.id).toBe('queue');
    });

    promise('never finds again what was removed', async () => {
      await store.put('codebase', [row('gone', 'a vanishing zebra', { vector: unit(0, 0, 0, 0, 1) })]);
      expect(ids(await store.words('codebase', 'zebra', 5))).toEqual(['gone']);
      await store.remove('codebase', { repository: 'acme/app', paths: ['src/gone.ts'] });
      expect(await store.words('codebase', 'zebra', 5)).toEqual([]);
      expect(ids(await store.near('codebase', unit(0, 0, 0, 0, 1), 9))).not.toContain('gone');
    });

    promise('has everything after kill -9, and takes more', async () => {
      await place.crash();
      const again = await place.open();
      expect(await again.count('codebase')).toBe(ROWS.length);
      await again.put('codebase', [row('late', 'after the crash', { vector: unit(0, 0, 0, 0, 0, 1) })]);
      expect(ids(await again.words('codebase', 'crash', 5))).toEqual(['late']);
      expect(ids(await again.words('codebase', 'leas', 5))).toEqual(['lease']);
      await again.close();
    });

    promise('moves whole into another store', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cortex-move-'));
      const from = await place.open();
      const to = await openLance({ folder, dimensions: DIMENSIONS });
      try {
        const moved = await moveStore(from, to);
        expect(moved).toBe(await from.count('codebase'));
        expect(ids(await to.words('codebase', 'leas', 5))).toEqual(['lease']);
        expect((await to.near('codebase', unit(1), 1))[0]?.id).toBe('lease');
      } finally {
        await to.close();
        await from.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}

suite('the embedded store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-store-'));
  return {
    open: () => openLance({ folder, dimensions: DIMENSIONS }),
    // Another connection to the folder, with nothing of the first one closed.
    crash: async () => undefined,
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

let program: Awaited<ReturnType<typeof milvusLite>> | undefined;
suite(
  'Milvus',
  async () => {
    if (!program?.found) throw new Error('unreachable');
    const server: MilvusServer = await startMilvusLite(program);
    return {
      open: () => openMilvus({ address: server.address, prefix: 'cortex', dimensions: DIMENSIONS }),
      crash: async () => {
        await server.kill();
        await server.restart();
      },
      close: () => server.stop(),
    };
  },
  async () => {
    program = await milvusLite();
    return program.found ? undefined : program.reason;
  },
);
