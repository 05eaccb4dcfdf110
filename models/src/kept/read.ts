// Reads kept decisions and outcomes back as the records of the log they were, in the order of the stream, one block in memory at a time.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LogRecord } from '@cortex/schemas';
import { fromParquet } from './parquet.js';
import { readPartName, rowOrder } from './parts.js';
import { recordOf } from './rows.js';
import { type Row, TABLES, type TableName } from './tables.js';

export interface KeptRecord {
  readonly record: LogRecord;
  /** The stream, see `sourceOf`. */
  readonly source: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** Thrown for a file that is no parquet of its table: put it right, or move it away. */
export class KeptFileUnreadable extends Error {
  override readonly name = 'KeptFileUnreadable';
  constructor(
    readonly file: string,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${file} cannot be read as kept training data (${why}): move it away, or restore it from a copy`, { cause });
  }
}

export interface ReadKeptOptions {
  /** Only records the server stored at or after this moment, milliseconds since 1970. Whole days before it are not even opened. */
  readonly since?: number;
  /** Only records behind this place: later in the same stream, or in a stream that was made later. */
  readonly after?: { readonly source: string; readonly sequence: number };
  /** Default: decisions and outcomes. */
  readonly tables?: readonly ('decisions' | 'outcomes')[];
}

/**
 * Every kept record of the log, oldest first. An empty or missing folder gives none. Throws {@link KeptFileUnreadable}.
 * @param folder the folder that holds `routing/`
 */
export async function* readKept(folder: string, options: ReadKeptOptions = {}): AsyncGenerator<KeptRecord> {
  const since = options.since ?? Number.NEGATIVE_INFINITY;
  const { after } = options;
  const blocks = new Map<string, { source: string; table: TableName; file: string }[]>();
  for (const table of options.tables ?? (['decisions', 'outcomes'] as const)) {
    for (const file of await keptFiles(folder, table)) {
      const day = Date.parse(/date=(\d{4}-\d\d-\d\d)/.exec(file)?.[1] ?? '');
      if (day + 86_400_000 <= since) continue;
      const part = readPartName(basename(file));
      if (!part) continue;
      if (after && orderOf(part.source, part.last) < orderOf(after.source, after.sequence)) continue;
      const key = orderOf(part.source, part.first);
      const files = blocks.get(key) ?? [];
      files.push({ source: part.source, table, file });
      blocks.set(key, files);
    }
  }
  for (const key of [...blocks.keys()].sort()) {
    const rows: Row[] = [];
    const files = blocks.get(key) ?? [];
    const source = files[0]?.source ?? '';
    for (const { table, file } of files) rows.push(...(await readPart(table, file)));
    for (const row of rows.sort(rowOrder)) {
      const storedAt = Number(row.stored_at);
      const sequence = Number(row.sequence);
      if (storedAt < since || (after?.source === source && sequence <= after.sequence)) continue;
      const record = recordOf(row);
      if (record) yield { record, source, sequence, storedAt };
    }
  }
}

/** Sorts streams in the order in which they were made, and places in the order of the stream. */
function orderOf(source: string, sequence: number): string {
  const born = source.slice(source.lastIndexOf('.') + 1);
  return `${born} ${source} ${String(sequence).padStart(16, '0')}`;
}

/** Rows of one table, file by file, in no promised order over files. Throws {@link KeptFileUnreadable}. */
export async function* readTable(folder: string, table: TableName): AsyncGenerator<Row> {
  for (const file of await keptFiles(folder, table)) yield* await readPart(table, file);
}

/** Full paths of a table's files, sorted. */
export async function keptFiles(folder: string, table: TableName): Promise<string[]> {
  const below = join(folder, TABLES[table].path);
  const names = await readdir(below, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => join(below, name));
}

async function readPart(table: TableName, file: string): Promise<Row[]> {
  const bytes = await readFile(file);
  try {
    return await fromParquet(table, bytes);
  } catch (error) {
    throw new KeptFileUnreadable(file, error);
  }
}
