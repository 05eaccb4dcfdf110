import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { moveStore, openLance, openMilvus, type Store } from '@cortex/actor-librarian';
import { until } from '@cortex/bus/testing';
import { COLLECTIONS, type Collection } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MilvusServer, milvusLite, startMilvusLite } from './milvus-server.js';
import { BATCH_ROWS, batchOf, DIMENSIONS, type Row, row, unit, wordOf } from './rows.js';

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

type Hit = Awaited<ReturnType<Store['words']>>[number];

interface Stage {
  open(): Promise<Store>;
  /**
   * A writer puts batch after batch, from `first` on. Once so many are acknowledged and the next one has begun, whoever holds the data is killed -9
   * and, where it serves others, started anew. Batches that were acknowledged.
   */
  crash(collection: Collection, first: number, acknowledged: number): Promise<number[]>;
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
      it(title, { timeout: 240_000 }, async ({ skip }) => {
        if (why) skip(why);
        await work();
      });
    const ids = async (hits: readonly Hit[], from = store) => {
      const rows = await from.take(
        'codebase',
        hits.map(({ key }) => key),
      );
      return hits.map(({ key }) => rows.get(key)?.id);
    };

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
      expect(await ids(await store.words('codebase', 'leas', 5))).toEqual(['lease']);
      const hits = await store.words('codebase', 'renew worker', 5);
      expect((await ids(hits))[0]).toBe('lease');
      expect((await ids(hits)).sort()).toEqual(['bare', 'lease', 'old']);
      expect(hits.every(({ score }, i) => score > 0 && (i === 0 || score <= (hits[i - 1]?.score ?? 0)))).toBe(true);
    });

    promise('finds by meaning, by cosine, and leaves out what has no vector', async () => {
      const hits = await store.near('codebase', unit(1), 10);
      expect((await ids(hits)).slice(0, 2)).toEqual(['lease', 'old']);
      expect(hits[0]?.score).toBeCloseTo(1, 4);
      const whole = await store.nearest('codebase', unit(1), 2);
      expect(whole).toEqual([ROWS[0], ROWS[3]].map((row) => ({ ...row, vector: new Float32Array(0) })));
      expect(await ids(hits)).not.toContain('bare');
    });

    promise('narrows both by every filter', async () => {
      const by = async (filter: object) => (await ids(await store.words('codebase', 'renew', 9, filter))).sort();
      expect(await by({ repository: 'acme/old' })).toEqual(['old']);
      expect(await by({ trust: ['own', 'known'] })).toEqual(['bare', 'lease']);
      expect(await by({ since: Date.parse('2026-01-01T00:00:00Z') })).toEqual(['bare', 'lease']);
      expect(await by({ until: Date.parse('2026-01-01T00:00:00Z') })).toEqual(['old']);
      expect(await by({ path: 'src/**/*.ts', notIds: ['bare'] })).toEqual(['lease', 'old']);
      expect(await ids(await store.near('codebase', unit(0, 0, 1), 9, { language: 'python' }))).toEqual(['quote']);
      expect(await ids(await store.near('codebase', unit(1), 9, { paths: [`odd/it's "here".py`] }))).toEqual(['quote']);
      expect(await ids(await store.near('codebase', unit(1), 9, { paths: [] }))).toEqual([]);
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
      expect(await ids(await store.words('codebase', 'stack', 5))).toEqual(['queue']);
      expect(await ids(await store.near('codebase', unit(0, 0, 0, 1), 1), store)).toEqual(['queue']);
    });

    promise('never finds again what was removed', async () => {
      await store.put('codebase', [row('gone', 'a vanishing zebra', { vector: unit(0, 0, 0, 0, 1) })]);
      expect(await ids(await store.words('codebase', 'zebra', 5))).toEqual(['gone']);
      await store.remove('codebase', { repository: 'acme/app', paths: ['src/gone.ts'] });
      expect(await store.words('codebase', 'zebra', 5)).toEqual([]);
      expect(await ids(await store.near('codebase', unit(0, 0, 0, 0, 1), 9))).not.toContain('gone');
    });

    promise(
      'has all that was acknowledged when it is killed -9 in the middle of a write, nothing twice or by halves, and takes more',
      async () => {
        let next = 0;
        for (const acknowledged of [1, 3]) {
          const wrote = await place.crash('codebase', next, acknowledged);
          expect(wrote.length).toBeGreaterThanOrEqual(acknowledged);
          const again = await place.open();
          for (const batch of wrote) {
            const rows = batchOf(batch);
            const back = await again.get(
              'codebase',
              rows.map(({ id }) => id),
            );
            expect(back.map(({ text }) => text).sort()).toEqual(rows.map(({ text }) => text).sort());
            expect((await ids(await again.words('codebase', wordOf(batch), 100), again)).sort()).toEqual(
              rows.map(({ id }) => id).sort(),
            );
          }
          expect(await ids(await again.words('codebase', 'leas', 5), again)).toEqual(['lease']);
          // Whoever wrote does it again: what was cut short is completed, what is there is there once.
          const end = next + wrote.length + 1;
          for (; next < end; next++) await again.put('codebase', batchOf(next));
          await again.settle('codebase');
          const seen: string[] = [];
          for await (const rows of again.scan('codebase', ['id'])) seen.push(...rows.map(({ id }) => id));
          expect(seen.length).toBe(ROWS.length + next * BATCH_ROWS);
          expect(new Set(seen).size).toBe(seen.length);
          expect(await again.count('codebase')).toBe(seen.length);
          await again.close();
        }
        const again = await place.open();
        await again.put('codebase', [row('late', 'after the crash', { vector: unit(0, 0, 0, 0, 0, 1) })]);
        expect(await ids(await again.words('codebase', 'crash', 5), again)).toEqual(['late']);
        expect(await ids(await again.near('codebase', unit(0, 0, 0, 0, 0, 1), 1), again)).toEqual(['late']);
        await again.close();
      },
    );

    promise('killed -9 at its very first write, it goes on all the same', async () => {
      await place.crash('documentation', 0, 0);
      const again = await place.open();
      // An index run that finds everything there writes nothing: it only puts the store in order.
      await again.settle('documentation');
      const there = await again.count('documentation');
      expect([0, BATCH_ROWS]).toContain(there);
      expect((await again.words('documentation', wordOf(0), 100)).length).toBe(there);
      await again.put('documentation', batchOf(0));
      expect((await again.words('documentation', wordOf(0), 100)).length).toBe(BATCH_ROWS);
      expect((await again.near('documentation', unit(0, 0, 0, 0, 0, 0, 1), 100)).length).toBe(BATCH_ROWS);
      await again.close();
    });

    promise('moves whole into another store', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cortex-move-'));
      const from = await place.open();
      const to = await openLance({ folder, dimensions: DIMENSIONS });
      try {
        const moved = await moveStore(from, to);
        const counts = await Promise.all(COLLECTIONS.map((collection) => from.count(collection)));
        expect(moved).toBe(counts.reduce((a, b) => a + b));
        expect(await ids(await to.words('codebase', 'leas', 5), to)).toEqual(['lease']);
        expect(await ids(await to.near('codebase', unit(1), 1), to)).toEqual(['lease']);
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
  const writer = fileURLToPath(new URL('../../dist/librarian/store-writer.js', import.meta.url));
  return {
    open: () => openLance({ folder, dimensions: DIMENSIONS }),
    // Whoever writes holds the data: another process.
    crash: async (collection, first, acknowledged) => {
      const child = spawn(process.execPath, [writer, folder, collection, String(first)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        said.push(line);
        if (line === `begins ${first + acknowledged}`) child.kill('SIGKILL');
      }
      return said.flatMap((line) => (line.startsWith('wrote ') ? [Number(line.slice(6))] : []));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

let program: Awaited<ReturnType<typeof milvusLite>> | undefined;
suite(
  'Milvus',
  async () => {
    if (!program?.found) throw new Error('unreachable');
    const server: MilvusServer = await startMilvusLite(program);
    const open = () => openMilvus({ address: server.address, prefix: 'cortex', dimensions: DIMENSIONS });
    return {
      // Just after a crash the client still believes the server away, for a second or two.
      open: () => until('Milvus', () => open().catch(() => undefined), 60_000),
      crash: async (collection, first, acknowledged) => {
        const store = await open();
        const wrote: number[] = [];
        for (; wrote.length < acknowledged; wrote.push(first + wrote.length))
          await store.put(collection, batchOf(first + wrote.length));
        const cut = store.put(collection, batchOf(first + acknowledged)).then(
          () => wrote.push(first + acknowledged),
          () => undefined,
        );
        await server.kill();
        await cut;
        await store.close();
        await server.restart();
        return wrote;
      },
      close: () => server.stop(),
    };
  },
  async () => {
    program = await milvusLite();
    return program.found ? undefined : program.reason;
  },
);
