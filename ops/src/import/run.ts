// Imports files into the folder of kept training data. The same file imported twice writes the same rows into the same files: nothing doubles.
import { appendFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeptStore, KeyTable, type Placed } from '@cortex/models';
import { collect, type ImportSummary, type Quarantined } from './collect.js';
import type { ImportedRecord, Sourced } from './records.js';
import { TextFile } from './remembered.js';
import { RowMaker } from './to-rows.js';

export interface ImportOptions {
  /** Folder of kept training data: the one that holds `routing/`. */
  readonly folder: string;
  readonly onQuarantined: (what: Quarantined) => void;
  /** `done`: megabytes behind. */
  readonly onProgress: (stage: string, share: number, done: { n: number; unit: string }) => void;
}

const MB = 1_000_000;

export interface ImportResult extends ImportSummary {
  readonly folder: string;
  /** Rows that were not there before; 0 when the same files were imported earlier. */
  readonly added: number;
  /** Files of things that are no rows: tasks, events, registries, what was put aside. */
  readonly beside: string[];
}

const BATCH = 1_000;

/** Throws what the file system throws. */
export async function importFiles(paths: readonly string[], options: ImportOptions): Promise<ImportResult> {
  const store = new KeptStore(options.folder);
  const texts = new TextFile(join(options.folder, 'imported'));
  try {
    return await importInto(store, texts, paths, options);
  } finally {
    texts.close();
  }
}

async function importInto(
  store: KeptStore,
  texts: TextFile,
  paths: readonly string[],
  options: ImportOptions,
): Promise<ImportResult> {
  const decided = new KeyTable();
  const learn = (record: ImportedRecord) => {
    if (record.kind === 'decision') decided.set(record.task, 0);
    if ('task' in record && 'text' in record && record.task && record.text) texts.put(record.task, record.text);
  };
  // A decision often names a task whose text stands in another file: texts first.
  await collect(paths, {
    onRecord: ({ record }) => learn(record),
    onQuarantined: () => undefined,
    onProgress: (done, total) =>
      options.onProgress('reading', total === 0 ? 1 : done / total, { n: done / MB, unit: 'MB' }),
  });
  let maker = new RowMaker('import-none');
  let pending: Placed[] = [];
  let added = 0;
  const beside = new SideFiles(join(options.folder, 'imported'));
  const flush = async () => {
    const rows = pending;
    pending = [];
    if (rows.length > 0) added += (await store.put(rows)).added;
  };
  const summary = await collect(paths, {
    onFile: async (_file, sha256) => {
      await flush();
      await beside.next(sha256.slice(0, 16));
      // Oldest of all sources: what the running system learns itself comes after it.
      maker = new RowMaker(`import-${sha256.slice(0, 16)}.00000000T000000000Z`);
    },
    onRecord: async (found: Sourced) => {
      const { record } = found;
      if (record.kind === 'task' || record.kind === 'event' || record.kind === 'registry') {
        await beside.write(record.kind === 'registry' ? record.of : `${record.kind}s`, sideRow(found));
        return;
      }
      const task = 'task' in record ? record.task : undefined;
      // Most rows hold their own.
      const own = 'text' in record && record.text !== undefined;
      const text = task === undefined || own ? undefined : texts.get(task);
      pending.push(
        ...maker.rows(found, {
          decided: task !== undefined && decided.get(task) !== undefined,
          ...(text === undefined ? {} : { text }),
        }),
      );
      if (record.kind === 'outcome') decided.set(record.task, 0);
      if (pending.length >= BATCH) await flush();
    },
    onQuarantined: async (what) => {
      options.onQuarantined(what);
      await beside.write('quarantine', what);
    },
    onConflict: (what) => beside.write('conflicts', what),
    onProgress: (done, total) =>
      options.onProgress('writing', total === 0 ? 1 : done / total, { n: done / MB, unit: 'MB' }),
  });
  await flush();
  await beside.close();
  return { ...summary, folder: options.folder, added, beside: beside.files };
}

/** Tasks in the form that `cortex submit --file` takes; everything else as it was read. */
function sideRow({ record, form, file, line, provenance }: Sourced): object {
  const { kind: _kind, key: _key, ...body } = record;
  if (record.kind !== 'task') return { ...body, form, file, line, provenance };
  const { task, at, master, status, ...rest } = body as typeof record;
  return { id: task, ...rest, imported: { status, master, at, form, file, line, provenance } };
}

/** JSON lines beside the tables, one set per imported file; written aside and renamed, so that a second import replaces them. */
class SideFiles {
  readonly files: string[] = [];
  private readonly open = new Map<string, { path: string; lines: string[] }>();
  private prefix = '';

  constructor(private readonly folder: string) {}

  async next(prefix: string): Promise<void> {
    await this.close();
    this.prefix = prefix;
  }

  async write(what: string, row: object): Promise<void> {
    let file = this.open.get(what);
    if (!file) {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      file = { path: join(this.folder, `${this.prefix}-${what}.jsonl`), lines: [] };
      await rm(`${file.path}.tmp`, { force: true });
      this.open.set(what, file);
    }
    file.lines.push(`${JSON.stringify(row)}\n`);
    if (file.lines.length >= BATCH) await drain(file);
  }

  async close(): Promise<void> {
    for (const file of this.open.values()) {
      await drain(file);
      await rename(`${file.path}.tmp`, file.path);
      this.files.push(file.path);
    }
    this.open.clear();
  }
}

async function drain(file: { path: string; lines: string[] }): Promise<void> {
  const lines = file.lines.splice(0);
  await appendFile(`${file.path}.tmp`, lines.join(''), { mode: 0o600 });
}
