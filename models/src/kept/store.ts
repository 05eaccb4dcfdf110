// Writes kept rows into their files. The one thing to know: a file is the union, by sequence, of what was ever put into it, written beside
// and renamed. So a row that comes twice is there once, a crash leaves the file of before, and a replay of the stream changes nothing.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fromParquet, toParquet } from './parquet.js';
import { type Placed, partOf, rowKey, rowOrder } from './parts.js';
import { type Row, TABLES, type TableName } from './tables.js';

export interface StoreOptions {
  /** Told when a file on disk is no parquet; it is moved to `quarantine/` and its block begins anew. */
  readonly onDamaged?: (file: string, error: Error) => void;
}

export interface Kept {
  /** Rows that were not there before. */
  readonly added: number;
  readonly files: number;
}

/** Rows of files written last are kept in memory, so that the open block is not read back at each flush. */
const REMEMBERED = 6;

/** A file is written in far less. */
const HALF_WRITTEN_MS = 600_000;

/** One writer a source at a time; writers of different sources may share a folder. */
export class KeptStore {
  private readonly recent = new Map<string, Map<string | number, Row>>();

  constructor(
    readonly folder: string,
    private readonly options: StoreOptions = {},
  ) {}

  /** Removes what a crashed writer left half written; what is young may be an import's that runs right now. */
  async tidy(): Promise<void> {
    for (const { path } of Object.values(TABLES)) {
      const names = await readdir(join(this.folder, path), { recursive: true }).catch(() => []);
      for (const name of names) {
        if (!name.endsWith('.tmp')) continue;
        const file = join(this.folder, path, name);
        const written = await stat(file).catch(() => undefined);
        if (written && Date.now() - written.mtimeMs > HALF_WRITTEN_MS) await rm(file, { force: true });
      }
    }
  }

  /** Returns when all rows are on disk for good. Throws what the file system throws; files written before it stay. */
  async put(rows: readonly Placed[]): Promise<Kept> {
    const parts = new Map<string, { table: TableName; rows: Row[] }>();
    for (const placed of rows) {
      const path = partOf(placed);
      const part = parts.get(path) ?? { table: placed.table, rows: [] };
      part.rows.push(placed.row);
      parts.set(path, part);
    }
    let added = 0;
    let files = 0;
    for (const [path, part] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const before = await this.rowsAt(part.table, path);
      const all = new Map(before);
      // What is on disk stays as it is: a message never changes.
      for (const row of part.rows) if (!all.has(rowKey(row))) all.set(rowKey(row), row);
      if (all.size > before.size) {
        const sorted = [...all.values()].sort(rowOrder);
        await writeWhole(join(this.folder, path), toParquet(part.table, sorted));
        added += all.size - before.size;
        files++;
      }
      this.remember(path, all);
    }
    return { added, files };
  }

  private async rowsAt(table: TableName, path: string): Promise<Map<string | number, Row>> {
    const remembered = this.recent.get(path);
    if (remembered) return remembered;
    const file = join(this.folder, path);
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!bytes) return new Map();
    try {
      return new Map((await fromParquet(table, bytes)).map((row) => [rowKey(row), row]));
    } catch (error) {
      const aside = join(this.folder, 'quarantine', `${basename(path)}.${table}.damaged`);
      await mkdir(dirname(aside), { recursive: true });
      await rename(file, aside);
      this.options.onDamaged?.(aside, error instanceof Error ? error : new Error(String(error)));
      return new Map();
    }
  }

  private remember(path: string, rows: Map<string | number, Row>): void {
    this.recent.delete(path);
    this.recent.set(path, rows);
    for (const oldest of this.recent.keys()) {
      if (this.recent.size <= REMEMBERED) break;
      this.recent.delete(oldest);
    }
  }
}

/** The file is either the one of before or the new one, also after a loss of power. 0600: it holds people's texts. */
export async function writeWhole(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.tmp`;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  const folder = await open(dirname(file), 'r');
  await folder.sync().catch(() => undefined);
  await folder.close();
}
