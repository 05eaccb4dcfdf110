// The embedded store: LanceDB in this process, one table a collection in one folder. Several processes may read and write it at once.
// The one thing to know: rows are found at once, indexed or not; `settle` only makes finding them fast (measured: docs/results/librarian.md).
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Collection } from '@cortex/schemas';
import * as lancedb from '@lancedb/lancedb';
import { StoreMismatch, StoreOutdated, StoreUnreachable } from './errors.js';
import { sqlOf } from './filter.js';
import {
  BESIDE_OLDER,
  complete,
  isLayout,
  packed,
  partsOf,
  readFrom,
  reading,
  schemaOf,
  TAKEN_FROM,
  wholeFrom,
  wholeOf,
} from './lance-rows.js';
import { TermShares, worthAsking } from './rare-terms.js';
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
/** Rows whose terms are counted in a table from {@link CELLS_FROM} rows on, and the growth after which they are counted anew. */
const SAMPLED = 2_000;
const SAMPLE_AGAIN = 1.5;
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
  let { dimensions } = options;

  /** Another process may make it at any moment. Where the folder itself is no folder, opening says what is wrong. */
  const mayBe = (collection: Collection): boolean =>
    existsSync(join(folder, `${collection}.lance`)) || !statSync(folder, { throwIfNoEntry: false })?.isDirectory();

  async function table(collection: Collection): Promise<lancedb.Table | undefined> {
    const known = await tables.get(collection);
    if (known || !mayBe(collection)) return known;
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
        if (/was not found|does not exist/i.test(String(error))) return undefined;
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

  const searchable = new Set<Collection>();
  async function hasWords(collection: Collection, target: lancedb.Table): Promise<boolean> {
    if (!searchable.has(collection) && (await columnsIndexed(target)).has('terms')) searchable.add(collection);
    return searchable.has(collection);
  }

  /**
   * Makes what is missing, also where an earlier process was killed before it did, or an earlier version knew fewer. After the first rows: an index over
   * nothing would never see any (measured). Whether it made any.
   */
  const ready = new Set<Collection>();
  async function makeIndexes(collection: Collection, target: lancedb.Table): Promise<boolean> {
    if (ready.has(collection)) return false;
    const there = await columnsIndexed(target);
    const missing = Object.entries(INDEXES).filter(([column]) => !there.has(column));
    for (const [column, config] of missing) await target.createIndex(column, { config: config() });
    ready.add(collection);
    searchable.add(collection);
    return missing.length > 0;
  }

  const hits = async (
    query: lancedb.VectorQuery | lancedb.Query,
    filter: RowFilter | undefined,
    measure: '_score' | '_distance',
    scoreOf: (measured: number) => number,
  ): Promise<StoreHit[]> => {
    const where = sqlOf(filter);
    const found: StoreHit[] = [];
    // A row's place costs nothing to read; two hundred ids took longer than the search by meaning itself.
    for await (const batch of (where === undefined ? query : query.where(where)).select(['_rowid', measure])) {
      const { _rowid: place, [measure]: measured } = reading(batch);
      for (let i = 0; i < batch.numRows; i++)
        found.push({ key: String(place?.(i)), score: scoreOf(Number(measured?.(i))) });
    }
    return found;
  };

  const counted = new Map<Collection, { rows: number; shares?: TermShares }>();
  /** How frequent terms are in a large table; undefined while they are counted for the first time, beside the questions. */
  function sharesOf(collection: Collection, target: lancedb.Table, rows: number): TermShares | undefined {
    if (rows < CELLS_FROM) return undefined;
    const known = counted.get(collection);
    if (known && rows < known.rows * SAMPLE_AGAIN) return known.shares;
    counted.set(collection, { rows, ...(known?.shares ? { shares: known.shares } : {}) });
    const spread = Array.from({ length: SAMPLED }, (_, i) => Math.floor((i * rows) / SAMPLED));
    void (async () => {
      const shares = new TermShares();
      for await (const batch of target.takeOffsets(spread).select(['terms']))
        for (const { terms } of partsOf(batch, ['terms'], 0, batch.numRows)) shares.add(terms);
      counted.set(collection, { rows, shares });
      // It only saves time: without it everything is asked for, and the next question tries again.
    })().catch(() => counted.delete(collection));
    return known?.shares;
  }

  const warm = new Set<Collection>();
  /**
   * Brings the indexes of a large table into memory, beside the first questions: a question reads a twelfth of the cells and the lists of its own terms, so
   * that without it hundreds of questions pass before none of them waits for the disk (measured: docs/results/librarian.md).
   */
  function warmUp(collection: Collection, target: lancedb.Table): void {
    if (warm.has(collection)) return;
    warm.add(collection);
    void (async () => {
      for (const { name, columns } of await target.listIndices())
        if (columns.some((column) => WARMED.has(column))) await target.prewarmIndex(name);
      // It only saves time: the next question tries again.
    })().catch(() => warm.delete(collection));
  }

  const take: Store['take'] = async (collection, keys) => {
    const found = new Map<string, ChunkRow>();
    const target = await table(collection);
    if (!target || keys.length === 0) return found;
    const read = async (places: readonly string[], columns: readonly string[]) => {
      for await (const batch of target.takeRowIds(places.map(BigInt)).select([...columns])) {
        const { _rowid: place } = reading(batch);
        for (const [i, row] of wholeOf(batch).entries()) found.set(String(place?.(i)), row);
      }
    };
    await read(keys, TAKEN_FROM);
    const older = [...found].flatMap(([key, row]) => (complete(row) ? [] : [key]));
    if (older.length > 0) await read(older, [...TAKEN_FROM, ...BESIDE_OLDER]);
    return found;
  };

  async function nearQuery(target: lancedb.Table, vector: Float32Array, most: number, filter: RowFilter | undefined) {
    const query = target.vectorSearch(vector).distanceType('dot').limit(most);
    // Few files are looked through whole: what of them is best may lie in no cell that is near the question.
    if (filter?.paths || filter?.ids) return query.bypassVectorIndex();
    return query.nprobes(Math.max(8, Math.ceil(cellsOf(await target.countRows()) * PROBED)));
  }

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
      const fresh = await makeIndexes(collection, target);
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
      if (!target || !(await hasWords(collection, target))) return [];
      const rows = await target.countRows();
      if (rows >= CELLS_FROM) warmUp(collection, target);
      const asked = worthAsking(terms.split(' ').filter(Boolean), sharesOf(collection, target, rows), rows);
      if (asked.length === 0) return [];
      const query = target
        .query()
        .fullTextSearch(new lancedb.MatchQuery(asked.join(' '), 'terms'))
        .limit(most);
      return hits(query, filter, '_score', (score) => score);
    },

    async near(collection, vector, most, filter) {
      const target = await table(collection);
      if (!target) return [];
      const query = await nearQuery(target, vector, most, filter);
      // Distance is 1 − dot product; unit vectors make that the cosine.
      const found = await hits(query, filter, '_distance', (distance) => 1 - distance);
      // A row without a vector has one of zeros, which is at 0 exactly, as hardly any other is: only then is it asked which have one (a condition on every
      // question took three times as long).
      const doubtful = found.filter(({ score }) => score === 0).map(({ key }) => BigInt(key));
      if (doubtful.length === 0) return found;
      const without = new Set<string>();
      for await (const batch of target.takeRowIds(doubtful).select(['_rowid', 'embedded'])) {
        const { _rowid: place, embedded } = reading(batch);
        for (let i = 0; i < batch.numRows; i++) if (!embedded?.(i)) without.add(String(place?.(i)));
      }
      return found.filter(({ key }) => !without.has(key));
    },

    take,

    async nearest(collection, vector, most, filter) {
      const target = await table(collection);
      if (!target) return [];
      const where = sqlOf(filter);
      const query = await nearQuery(target, vector, most, filter);
      const rows: ChunkRow[] = [];
      const keys: string[] = [];
      for await (const batch of (where === undefined ? query : query.where(where)).select([
        ...TAKEN_FROM,
        '_distance',
      ])) {
        const { _rowid: place } = reading(batch);
        for (const [i, row] of wholeOf(batch).entries()) {
          rows.push(row);
          keys.push(String(place?.(i)));
        }
      }
      const older = rows.every(complete) ? undefined : await take(collection, keys);
      const whole = older ? keys.flatMap((key) => older.get(key) ?? []) : rows;
      return whole.filter(({ embedded }) => embedded);
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
      if (rows === 0) return;
      await makeIndexes(collection, target);
      if (rows >= CELLS_FROM && !(await columnsIndexed(target)).has('vector'))
        await target.createIndex('vector', {
          config: lancedb.Index.ivfFlat({
            distanceType: 'dot',
            numPartitions: cellsOf(rows),
            maxIterations: 12,
            sampleRate: 64,
          }),
        });
      warm.delete(collection);
      await target.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
    },

    async close() {
      for (const opened of tables.values()) (await opened.catch(() => undefined))?.close();
      tables.clear();
      db.close();
    },
  };
}

const columnsIndexed = async (target: lancedb.Table): Promise<Set<string>> =>
  new Set((await target.listIndices()).flatMap(({ columns }) => columns));

const cellsOf = (rows: number): number => Math.max(1, Math.round(Math.sqrt(rows)));

/** Columns whose indexes every question reads. */
const WARMED = new Set(['terms', 'vector']);

/** By column. Terms come cut and folded: their index must not change them. */
const INDEXES = {
  terms: () =>
    lancedb.Index.fts({
      baseTokenizer: 'whitespace',
      maxTokenLength: 64,
      lowercase: false,
      stem: false,
      removeStopWords: false,
      asciiFolding: false,
      withPosition: false,
    }),
  id: () => lancedb.Index.btree(),
  path: () => lancedb.Index.btree(),
};
