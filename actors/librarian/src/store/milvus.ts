// Milvus as the store: Lite, standalone or cluster, by its address; one collection of it a collection of ours.
// The one thing to know: Milvus scores words by its own BM25 over the same terms as the embedded store, so both rank alike.
import { createHash } from 'node:crypto';
import type { Collection } from '@cortex/schemas';
import { ConsistencyLevelEnum, DataType, FunctionType, MilvusClient } from '@zilliz/milvus2-sdk-node';
import { StoreMismatch, StoreUnreachable } from './errors.js';
import { milvusOf } from './filter.js';
import type { ChunkRow, Column, RowFilter, Store, StoreHit } from './types.js';

export interface MilvusOptions {
  /** `host:port`, with or without `http://`; user, password or token as `http://user:password@host:port`. */
  address: string;
  /** First part of the collections' names. */
  prefix: string;
  dimensions: number;
  /** Milliseconds to wait for the first answer. Default 10,000. */
  waitMs?: number;
}

const TOGETHER = 200;
const SCAN_ROWS = 1_000;
const MOST_TERMS = 96;
/** Milvus's own limit of a text, bytes; a character has at most four. */
const LONGEST_TEXT = 65_535;
/** Milvus answers faster when it may be a little behind; not while this process waits for what it wrote. Milliseconds. */
const OWN_WRITES_MS = 10_000;
/** Milvus has no version of a collection: within this time its rows count as unchanged. */
const SAME_FOR_MS = 2_000;

const TEXTS: readonly [Column, number][] = [
  ['repository', 512],
  ['path', 4_096],
  ['language', 64],
  ['kind', 64],
  ['symbol', 2_048],
  ['title', 8_192],
  ['text', LONGEST_TEXT],
  ['commit', 64],
  ['trust', 16],
  ['hash', 64],
  ['meaning', 64],
  ['file_hash', 64],
  ['links', LONGEST_TEXT],
];
const NUMBERS: readonly Column[] = ['start_line', 'end_line', 'passages', 'tokens'];
const ALL: readonly Column[] = [
  'id',
  ...TEXTS.map(([name]) => name),
  'terms',
  ...NUMBERS,
  'changed_at',
  'embedded',
  'vector',
];

const PLAIN = ALL.filter((column) => column !== 'vector');
const NO_VECTOR = new Float32Array(0);

/** @throws StoreUnreachable, StoreMismatch */
export async function openMilvus(options: MilvusOptions): Promise<Store> {
  const { address, prefix, dimensions } = options;
  const url = new URL(/^\w+:\/\//.test(address) ? address : `http://${address}`);
  const where = url.host;
  const client = new MilvusClient({
    address: `${url.hostname}:${url.port || '19530'}`,
    ssl: url.protocol === 'https:',
    logLevel: 'error',
    timeout: options.waitMs ?? 10_000,
    ...(url.password ? { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } : {}),
    ...(url.username && !url.password ? { token: decodeURIComponent(url.username) } : {}),
  });
  const reach = async <T extends { status?: { error_code?: unknown; reason?: string } }>(
    work: () => Promise<T>,
  ): Promise<T> => {
    let answer: T;
    try {
      answer = await work();
    } catch (error) {
      throw new StoreUnreachable(where, error);
    }
    const code = answer.status?.error_code;
    if (code !== undefined && code !== 'Success' && code !== 0)
      throw new StoreUnreachable(where, new Error(answer.status?.reason || String(code)));
    return answer;
  };
  await Promise.race([
    reach(() =>
      client.connectPromise.then(() =>
        client.hasCollection({ collection_name: `${prefix.replace(/\W/g, '_')}_codebase` }),
      ),
    ),
    new Promise<never>((_, reject) =>
      setTimeout(() => reject(new StoreUnreachable(where, new Error('no answer'))), options.waitMs ?? 10_000).unref(),
    ),
  ]).catch(async (error: unknown) => {
    await client.closeConnection().catch(() => undefined);
    throw error;
  });
  const nameOf = (collection: Collection) => `${prefix.replace(/\W/g, '_')}_${collection}`;
  const opened = new Map<Collection, Promise<boolean>>();
  let wroteAt = Number.NEGATIVE_INFINITY;
  const consistency = () =>
    Date.now() - wroteAt < OWN_WRITES_MS ? ConsistencyLevelEnum.Strong : ConsistencyLevelEnum.Bounded;

  /** Whether it is there; loaded, since a Milvus that was started anew has nothing loaded. */
  async function there(collection: Collection): Promise<boolean> {
    if (await opened.get(collection)) return true;
    const looking = (async () => {
      const collection_name = nameOf(collection);
      const { value } = await reach(() => client.hasCollection({ collection_name }));
      if (!value) return false;
      const { schema } = await reach(() => client.describeCollection({ collection_name }));
      const field = schema.fields.find(({ name }) => name === 'vector');
      const length = Number(field?.type_params?.find(({ key }) => key === 'dim')?.value ?? dimensions);
      if (length !== dimensions) throw new StoreMismatch(where, length, dimensions);
      await reach(() => client.loadCollectionSync({ collection_name }).then((status) => ({ status })));
      return true;
    })();
    opened.set(collection, looking);
    try {
      return await looking;
    } finally {
      if (!(await looking.catch(() => false))) opened.delete(collection);
    }
  }

  async function make(collection: Collection): Promise<void> {
    if (await there(collection)) return;
    const collection_name = nameOf(collection);
    await reach(() =>
      client
        .createCollection({
          collection_name,
          fields: [
            { name: 'id', data_type: DataType.VarChar, is_primary_key: true, max_length: 64 },
            ...TEXTS.map(([name, max_length]) => ({ name, data_type: DataType.VarChar, max_length })),
            { name: 'terms', data_type: DataType.VarChar, max_length: LONGEST_TEXT },
            {
              name: 'analysed',
              data_type: DataType.VarChar,
              max_length: LONGEST_TEXT,
              enable_analyzer: true,
              // Lite has no other that takes words as they are.
              analyzer_params: { tokenizer: 'standard' },
            },
            ...NUMBERS.map((name) => ({ name, data_type: DataType.Int32 })),
            { name: 'changed_at', data_type: DataType.Double },
            { name: 'embedded', data_type: DataType.Bool },
            { name: 'vector', data_type: DataType.FloatVector, dim: dimensions },
            { name: 'sparse', data_type: DataType.SparseFloatVector },
          ],
          functions: [
            {
              name: 'words',
              type: FunctionType.BM25,
              input_field_names: ['analysed'],
              output_field_names: ['sparse'],
              params: {},
            },
          ],
        })
        .then((status) => ({ status })),
    );
    await reach(() =>
      client
        .createIndex([
          {
            collection_name,
            field_name: 'vector',
            index_type: 'HNSW',
            metric_type: 'IP',
            params: { M: 16, efConstruction: 128 },
          },
          {
            collection_name,
            field_name: 'sparse',
            index_type: 'SPARSE_INVERTED_INDEX',
            metric_type: 'BM25',
            params: {},
          },
        ])
        .then((status) => ({ status })),
    );
    opened.delete(collection);
    await there(collection);
  }

  async function search(
    collection: Collection,
    field: 'vector' | 'sparse',
    data: number[] | string,
    most: number,
    filter: RowFilter | undefined,
  ): Promise<StoreHit[]> {
    if (!(await there(collection))) return [];
    const condition = milvusOf(filter);
    const answer = await reach(() =>
      client.search({
        collection_name: nameOf(collection),
        anns_field: field,
        data: [data] as never,
        limit: Math.max(1, most),
        metric_type: field === 'vector' ? 'IP' : 'BM25',
        params: field === 'vector' ? { ef: Math.max(64, most) } : {},
        output_fields: ['id'],
        consistency_level: consistency(),
        ...(condition === undefined ? {} : { filter: condition }),
      }),
    );
    const rows = (Array.isArray(answer.results[0]) ? answer.results[0] : answer.results) as unknown as {
      id: string;
      score: number;
    }[];
    // Lite gives BM25 as a distance.
    return rows.map(({ id, score }) => ({ key: id, score: field === 'sparse' ? Math.abs(score) : score }));
  }

  const count = async (collection: Collection): Promise<number> => {
    if (!(await there(collection))) return 0;
    const answer = await reach(() =>
      client.query({
        collection_name: nameOf(collection),
        filter: '',
        output_fields: ['count(*)'],
        consistency_level: ConsistencyLevelEnum.Strong,
      }),
    );
    return Number((answer.data[0] as Record<string, unknown> | undefined)?.['count(*)'] ?? 0);
  };

  const get: Store['get'] = async (collection, ids, vectors = false) => {
    if (ids.length === 0 || !(await there(collection))) return [];
    const answer = await reach(() =>
      client.query({
        collection_name: nameOf(collection),
        filter: milvusOf({ ids }) ?? '',
        output_fields: vectors ? [...ALL] : PLAIN,
        limit: ids.length,
        consistency_level: consistency(),
      }),
    );
    return answer.data.map((row) => ({ vector: NO_VECTOR, ...fromMilvus(row, vectors ? ALL : PLAIN) }) as ChunkRow);
  };

  const near: Store['near'] = (collection, vector, most, filter) =>
    search(collection, 'vector', Array.from(vector), most, { ...filter, embedded: true });

  return {
    kind: 'milvus',
    where,
    dimensions,

    async put(collection, rows) {
      if (rows.length === 0) return;
      await make(collection);
      for (let at = 0; at < rows.length; at += TOGETHER)
        await reach(() =>
          client.upsert({ collection_name: nameOf(collection), data: rows.slice(at, at + TOGETHER).map(toMilvus) }),
        );
      wroteAt = Date.now();
    },

    async remove(collection, filter) {
      if (!(await there(collection))) return;
      await reach(() => client.delete({ collection_name: nameOf(collection), filter: milvusOf(filter) ?? 'id != ""' }));
      wroteAt = Date.now();
    },

    async *scan<C extends Column>(collection: Collection, columns: readonly C[], filter?: RowFilter) {
      if (!(await there(collection))) return;
      const iterator = await client
        .queryIterator({
          collection_name: nameOf(collection),
          filter: milvusOf(filter) ?? 'id != ""',
          output_fields: [...new Set(['id', ...columns])],
          batchSize: SCAN_ROWS,
        })
        .catch((error: unknown) => {
          // Nothing fits: the iterator of some versions fails instead of being empty.
          if (/empty|no more|undefined/i.test(String(error))) return undefined;
          throw new StoreUnreachable(where, error);
        });
      if (!iterator) return;
      for await (const batch of iterator)
        yield (batch as Record<string, unknown>[]).map((row) => fromMilvus(row, columns) as Pick<ChunkRow, C>);
    },

    words(collection, terms, most, filter) {
      const asked = analysed([...new Set(terms.split(' ').filter(Boolean))].slice(0, MOST_TERMS).join(' '));
      return asked === '' ? Promise.resolve([]) : search(collection, 'sparse', asked, most, filter);
    },

    near,

    async nearest(collection, vector, most, filter) {
      const keys = (await near(collection, vector, most, filter)).map(({ key }) => key);
      const rows = new Map((await get(collection, keys)).map((row) => [row.id, row]));
      return keys.flatMap((key) => rows.get(key) ?? []);
    },

    // The key is the id: nothing moves.
    take: async (collection, keys) => new Map((await get(collection, keys)).map((row) => [row.id, row])),

    get,

    count,

    async version(collection) {
      return `${await count(collection)}-${Math.max(wroteAt, Math.floor(Date.now() / SAME_FOR_MS))}`;
    },

    async settle(collection) {
      if (await there(collection))
        await reach(() =>
          client.flushSync({ collection_names: [nameOf(collection)] }).then((status) => ({
            status: (status as { status?: { error_code?: unknown; reason?: string } }).status ?? {},
          })),
        );
    },

    async close() {
      await client.closeConnection();
    },
  };
}

function toMilvus(row: ChunkRow): Record<string, never> {
  const cut = Object.fromEntries(TEXTS.map(([name, most]) => [name, fitted(String(row[name]), most)]));
  return {
    ...row,
    ...cut,
    links: row.links.length * 4 > LONGEST_TEXT && Buffer.byteLength(row.links) > LONGEST_TEXT ? '{}' : row.links,
    terms: fitted(row.terms, LONGEST_TEXT),
    analysed: fitted(analysed(row.terms), LONGEST_TEXT),
    vector: Array.from(row.vector),
  } as unknown as Record<string, never>;
}

/** Terms that Milvus's tokenizer would cut or fold (`--max-depth`, `c++`, `&&`) in a form that it leaves alone. */
const analysed = (terms: string): string =>
  terms
    .split(' ')
    .map((term) =>
      /^[a-z]{1,32}$/.test(term) ? term : `x${createHash('sha256').update(term).digest('hex').slice(0, 15)}`,
    )
    .join(' ');

/** The beginning of a text that has at most so many bytes. */
function fitted(text: string, bytes: number): string {
  if (text.length * 4 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

function fromMilvus(row: Record<string, unknown>, columns: readonly Column[]): Partial<ChunkRow> {
  return Object.fromEntries(
    columns.map((column) => {
      const value = row[column];
      if (column === 'vector') return [column, Float32Array.from(value as Iterable<number>)];
      return [column, NUMBERS.includes(column) || column === 'changed_at' ? Number(value) : value];
    }),
  );
}
