// Vectors with ids beside them: `NAME-embeddings.npy`, and `NAME-embeddings.index.jsonl` with one line a row. The one thing to know: the
// matrix's header says how many rows count; what the index holds beyond that was left by a crash and is cut off.
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { appendNpy, countNpy } from '../npy/index.js';
import { writeWhole } from './store.js';

export interface Embedded {
  readonly id: string;
  readonly vector: Float32Array;
  /** Further fields for the index, such as the sequence it came from. */
  readonly more?: Readonly<Record<string, string | number>>;
}

export interface EmbeddingFile {
  /** Rows so far. */
  rows(): number;
  /** The last line of the index; undefined when there is none. */
  last(): Readonly<Record<string, string | number>> | undefined;
  /** Everything is on disk when it returns. */
  append(items: readonly Embedded[]): Promise<void>;
}

export interface EmbeddingFileOptions {
  /** Folder that holds `embeddings/`. */
  readonly folder: string;
  readonly name: 'task' | 'code';
  /** Id of the encoder: vectors of two encoders never meet in one file. */
  readonly encoder: string;
  readonly dimensions: number;
}

/**
 * Opens or begins the file. One of another encoder is moved to `embeddings/former/` first. One writer at a time.
 * Throws NpyInvalid for a file that is no matrix.
 */
export async function openEmbeddings(options: EmbeddingFileOptions): Promise<EmbeddingFile> {
  const below = join(options.folder, 'embeddings');
  const npy = join(below, `${options.name}-embeddings.npy`);
  const index = join(below, `${options.name}-embeddings.index.jsonl`);
  const about = join(below, `${options.name}-embeddings.json`);
  await mkdir(below, { recursive: true, mode: 0o700 });
  const before = await readFile(about, 'utf8').then(
    (text) => JSON.parse(text) as { encoder?: string },
    () => undefined,
  );
  if (before && before.encoder !== options.encoder) {
    const former = join(below, 'former');
    await mkdir(former, { recursive: true, mode: 0o700 });
    const stem = `${options.name}-embeddings-${String(before.encoder)
      .replaceAll(/[^A-Za-z0-9._-]/g, '_')
      .slice(0, 60)}`;
    for (const [file, end] of [
      [npy, 'npy'],
      [index, 'index.jsonl'],
      [about, 'json'],
    ] as const)
      await rename(file, join(former, `${stem}.${end}`)).catch(ignoreMissing);
  }
  if (!before || before.encoder !== options.encoder)
    await writeWhole(
      about,
      `${JSON.stringify({ encoder: options.encoder, dimensions: options.dimensions }, null, 2)}\n`,
    );
  let rows = await countNpy(npy, options.dimensions);
  let last = await cutIndex(index, rows);
  return {
    rows: () => rows,
    last: () => last,
    async append(items) {
      if (items.length === 0) return;
      const lines = items.map(({ id, more }, i) => ({ row: rows + i, id, ...more }));
      const vectors = items.map((item) => item.vector);
      const now = await appendNpy(npy, options.dimensions, vectors, async (counted) => {
        if (counted !== rows) throw new Error(`${npy} has ${counted} rows, ${rows} were expected: two writers at once`);
        await appendSynced(index, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
      });
      rows = now;
      last = lines.at(-1);
    },
  };
}

/** Leaves the first `rows` lines and returns the last of them. */
async function cutIndex(file: string, rows: number): Promise<Record<string, string | number> | undefined> {
  let bytes = 0;
  let seen = 0;
  let last = '';
  if (rows > 0) {
    const stream = createReadStream(file, 'utf8');
    for await (const line of createInterface({ input: stream })) {
      bytes += Buffer.byteLength(line) + 1;
      last = line;
      if (++seen === rows) break;
    }
    stream.destroy();
    if (seen < rows)
      throw new Error(`${file} has ${seen} lines, its matrix ${rows} rows: move both away to begin anew`);
  }
  await truncate(file, bytes).catch(ignoreMissing);
  return last === '' ? undefined : (JSON.parse(last) as Record<string, string | number>);
}

async function appendSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
