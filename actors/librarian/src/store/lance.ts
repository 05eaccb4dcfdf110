// The embedded store: LanceDB in this process, one table a collection in one folder. Several processes may read and write it at once.
// The one thing to know: rows are found at once, indexed or not; `settle` only makes finding them fast (measured: docs/results/librarian.md).
import { availableParallelism } from 'node:os';
import type { Collection } from '@cortex/schemas';
import * as lancedb from '@lancedb/lancedb';
import { StoreMismatch, StoreOutdated, StoreUnreachable } from './errors.js';
import { sqlOf } from './filter.js';
import { isLayout, packed, partsOf, readFrom, reading, schemaOf, wholeFrom, wholeOf } from './lance-rows.js';
import type { ChunkRow, Column, RowFilter, Store, StoreHit } from './types.js';

const MiB = 1024 * 1024;
/** Rows of a scan held at once. */
const SCAN_ROWS = 4_096;
/** Above this an exact look at every vector takes longer than the way over cells. */
const CELLS_FROM = 20_000;
/** Up to this many rows the index of words is brought up to date with every write. */
const SMALL = 4_000;
/** Share of cells that are looked into. */
const PROBED = 0.08;
/** Words in one question; more would only cost time. */
const MOST_TERMS = 96;
/** A table that was not there is not looked for again this long: another process may make it. */
const ABSENT_MS = 250;
/** Old versions of a table stay readable this long for whoever reads them right now. */
const KEEP_VERSIONS_MS = 5 * 60_000;

export interface LanceOptions {
  folder: string;
  /** Length of vectors; where a table is there already, its own counts. */
  dimensions: number;
  /** Memory for LanceDB's caches, MiB. Default 256. */
  cacheMiB?: number;
}

/**
 * With as many threads as a small machine has cores, bringing a large index of words up to date waits for itself for ever (measured on two cores at
 * 100,000 rows; eight are enough). Read by LanceDB when it first works.
 */
const LEAST_THREADS = 8;

export async function openLance(options: LanceOptions): Promise<Store> {
  if (availableParallelism() < LEAST_THREADS) process.env.LANCE_CPU_THREADS ??= String(LEAST_THREADS);
  const { folder } = options;
  const cache = BigInt((options.cacheMiB ?? 256) * MiB);
  let db: lancedb.Connection;
  try {
    // Interval 0: what another process wrote is seen by the next question.
    db = await lancedb.connect(folder, { readConsistencyInterval: 0 }, new lancedb.Session(cache, BigInt(64 * MiB)));
  } catch (error) {
    throw new StoreUnreachable(folder, error);
  }
  const tables = new Map<Collection, Promise<lancedb.Table | undefined>>();
  const absentAt = new Map<Collection, number>();
  let { dimensions } = options;

  async function table(collection: Collection): Promise<lancedb.Table | undefined> {
    const known = await tables.get(collection);
    if (known || Date.now() - (absentAt.get(collection) ?? 0) < ABSENT_MS) return known;
    const opening = db
      .openTable(collection)
      .then(async (found) => {
        const schema = await found.schema();
        const type = schema.fields.find(({ name }) => name === 'vector')?.type as { listSize: number } | undefined;
        const length = type?.listSize ?? dimensions;
        if (length !== options.dimensions) throw new StoreMismatch(folder, length, options.dimensions);
        if (!isLayout(schema)) throw new StoreOutdated(folder);
        dimensions = length;
        return found as lancedb.Table | undefined;
      })
      .catch((error: unknown) => {
        if (error instanceof StoreMismatch || error instanceof StoreOutdated) throw error;
        if (/was not found|does not exist/i.test(String(error))) {
          absentAt.set(collection, Date.now());
          return undefined;
        }
        throw new StoreUnreachable(folder, error);
      });
    tables.set(collection, opening);
    return opening.catch((error: unknown) => {
      tables.delete(collection);
      throw error;
    });
  }

  async function made(collection: Collection): Promise<lancedb.Table> {
    const found = await table(collection);
    if (found) return found;
    const creating = (async () => {
      const created = await db.createEmptyTable(collection, schemaOf(dimensions), { mode: 'create', existOk: true });
      return created;
    })();
    tables.set(collection, creating);
    return creating;
  }

  /** Made after the first rows: an index over nothing would never see any (measured). */
  const searchable = new Set<Collection>();
  async function hasWords(collection: Collection, target: lancedb.Table, make: boolean): Promise<boolean> {
    if (searchable.has(collection)) return true;
    const there = (await target.listIndices()).some(({ columns }) => columns.includes('terms'));
    if (!there && !make) return false;
    if (!there) {
      await target.createIndex('terms', { config: wordIndex() });
      await target.createIndex('id', { config: lancedb.Index.btree() });
    }
    searchable.add(collection);
    return true;
  }

  const hits = async (
    query: lancedb.VectorQuery | lancedb.Query,
    filter: RowFilter | undefined,
    measure: '_score' | '_distance',
    scoreOf: (measured: number) => number,
  ): Promise<StoreHit[]> => {
    const where = sqlOf(filter);
    const found: StoreHit[] = [];
    for await (const batch of (where === undefined ? query : query.where(where)).select(['id', measure])) {
      const { id, [measure]: measured } = reading(batch);
      for (let i = 0; i < batch.numRows; i++)
        found.push({ id: String(id?.(i)), score: scoreOf(Number(measured?.(i))) });
    }
    return found;
  };

  return {
    kind: 'lancedb',
    where: folder,
    get dimensions() {
      return dimensions;
    },

    async put(collection, rows) {
      if (rows.length === 0) return;
      const target = await made(collection);
      const data = lancedb.makeArrowTable(rows.map(packed), { schema: schemaOf(dimensions) });
      await target.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(data);
      const fresh = !searchable.has(collection);
      await hasWords(collection, target, true);
      // Rows that are not in the words' index yet are scored by figures of their own, which are nonsense in a small table (measured: a row that
      // repeats a word was not found at all). There, bringing the index up to date costs nothing.
      if (!fresh && (await target.countRows()) < SMALL) await target.optimize();
    },

    async remove(collection, filter) {
      const where = sqlOf(filter);
      const target = await table(collection);
      if (target) await target.delete(where ?? 'true');
    },

    async *scan<C extends Column>(collection: Collection, columns: readonly C[], filter?: RowFilter) {
      const target = await table(collection);
      if (!target) return;
      const where = sqlOf(filter);
      const query = target.query().select(readFrom(columns));
      for await (const batch of where === undefined ? query : query.where(where))
        for (let at = 0; at < batch.numRows; at += SCAN_ROWS) yield partsOf(batch, columns, at, at + SCAN_ROWS);
    },

    async words(collection, terms, most, filter) {
      const target = await table(collection);
      const asked = [...new Set(terms.split(' ').filter(Boolean))].slice(0, MOST_TERMS).join(' ');
      if (!target || asked === '' || !(await hasWords(collection, target, false))) return [];
      const query = target.query().fullTextSearch(new lancedb.MatchQuery(asked, 'terms')).limit(most);
      return hits(query, filter, '_score', (score) => score);
    },

    async near(collection, vector, most, filter) {
      const target = await table(collection);
      if (!target) return [];
      const cells = cellsOf(await target.countRows());
      const query = target
        .vectorSearch(vector)
        .distanceType('dot')
        .nprobes(Math.max(8, Math.ceil(cells * PROBED)))
        .limit(most);
      // Distance is 1 − dot product; unit vectors make that the cosine.
      const found = await hits(query, filter, '_distance', (distance) => 1 - distance);
      // A row without a vector has one of zeros, which is at 0 exactly, as hardly any other is: only then is it asked which have one (a condition on every
      // question took three times as long).
      const doubtful = found.filter(({ score }) => score === 0).map(({ id }) => id);
      if (doubtful.length === 0) return found;
      const without = new Set<string>();
      for await (const batch of target
        .query()
        .where(sqlOf({ ids: doubtful, embedded: false }) as string)
        .select(['id']))
        for (const { id } of partsOf(batch, ['id'], 0, batch.numRows)) without.add(id);
      return found.filter(({ id }) => !without.has(id));
    },

    async get(collection, ids, vectors = false) {
      const target = await table(collection);
      if (!target || ids.length === 0) return [];
      const found: ChunkRow[] = [];
      const query = target.query().where(sqlOf({ ids }) as string);
      for await (const batch of query.select(wholeFrom(vectors))) found.push(...wholeOf(batch));
      return found;
    },

    async count(collection) {
      return (await (await table(collection))?.countRows()) ?? 0;
    },

    async version(collection) {
      return String((await (await table(collection))?.version()) ?? 0);
    },

    async settle(collection) {
      const target = await table(collection);
      if (!target) return;
      const rows = await target.countRows();
      const indexed = (await target.listIndices()).some(({ columns }) => columns.includes('vector'));
      if (rows >= CELLS_FROM && !indexed)
        await target.createIndex('vector', {
          config: lancedb.Index.ivfFlat({
            distanceType: 'dot',
            numPartitions: cellsOf(rows),
            maxIterations: 12,
            sampleRate: 64,
          }),
        });
      await target.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
    },

    async close() {
      for (const opened of tables.values()) (await opened.catch(() => undefined))?.close();
      tables.clear();
      db.close();
    },
  };
}

const cellsOf = (rows: number): number => Math.max(1, Math.round(Math.sqrt(rows)));

/** Terms come cut and folded: the index must not change them. */
const wordIndex = () =>
  lancedb.Index.fts({
    baseTokenizer: 'whitespace',
    maxTokenLength: 64,
    lowercase: false,
    stem: false,
    removeStopWords: false,
    asciiFolding: false,
    withPosition: false,
  });
