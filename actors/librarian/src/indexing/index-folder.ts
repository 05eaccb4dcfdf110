// A folder → the store, as far as it changed: unchanged files are only hashed, changed ones replace their passages, deleted ones go.
import type { Encoder } from '@cortex/models';
import type { Collection, Trust } from '@cortex/schemas';
import { cutFile, isDocument } from '../chunk/index.js';
import { rowsOf } from '../chunk/rows.js';
import { type LeftOut, listFiles, readText, type Source } from '../read/files.js';
import { changeTimes } from '../read/git.js';
import { withoutSecrets } from '../read/secrets.js';
import type { Store } from '../store/types.js';
import { type KnownFile, knownFiles } from './known.js';
import { RowWriter } from './writer.js';

/** Commits looked at for the moment of a file's last change. */
const MOST_COMMITS = 5_000;
const REMOVED_TOGETHER = 200;

export interface IndexProgress {
  files: number;
  of: number;
  passages: number;
}

export interface IndexOptions {
  store: Store;
  encoder: Encoder | undefined;
  /** Default: code and configuration into codebase, documents into documentation. */
  collection?: Collection;
  /** Bytes of a file, at most. Default 1 MiB. */
  maxBytes?: number;
  /** What the folder's word is worth. Default known. */
  trust?: Trust;
  onProgress?: (progress: IndexProgress) => void;
  signal?: AbortSignal;
  wordsFirst?: boolean;
}

export interface IndexReport {
  repository: string;
  files: number;
  /** Files whose passages were written. */
  changed: number;
  unchanged: number;
  removed: number;
  passages: number;
  embedded: number;
  secrets: number;
  left_out: Partial<Record<LeftOut, number>>;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
/** Both, when nothing is said. */
const ASIDE: readonly Collection[] = ['codebase', 'documentation'];

/** Indexes all of `source`, or only the files `paths` of it (relative; those that are gone are removed). */
export async function indexFolder(
  source: Source,
  options: IndexOptions,
  paths?: readonly string[],
): Promise<IndexReport> {
  const { store, encoder, signal, trust = 'known' } = options;
  const targets = options.collection ? [options.collection] : ASIDE;
  const known = new Map<Collection, Map<string, KnownFile>>();
  for (const target of targets)
    known.set(
      target,
      await knownFiles(
        store,
        target,
        source.repository,
        encoder !== undefined,
        paths?.map((path) => source.prefix + path),
      ),
    );
  const writers = new Map(
    targets.map((target) => [
      target,
      new RowWriter(target, {
        store,
        encoder,
        ...(signal ? { signal } : {}),
        wordsFirst: options.wordsFirst === true,
        onWritten: (rows) => {
          progress.passages += rows;
          options.onProgress?.(progress);
        },
      }),
    ]),
  );
  const listed = await listFiles(source);
  const chosen = paths ? listed.filter((path) => covered(path, paths)) : listed;
  const times = source.git && !paths ? await changeTimes(source.folder, MOST_COMMITS) : new Map<string, number>();
  const progress: IndexProgress = { files: 0, of: chosen.length, passages: 0 };
  const report: IndexReport = {
    repository: source.repository,
    files: chosen.length,
    changed: 0,
    unchanged: 0,
    removed: 0,
    passages: 0,
    embedded: 0,
    secrets: 0,
    left_out: {},
  };
  const present = new Map(targets.map((target) => [target, new Set<string>()]));
  for (const path of chosen) {
    signal?.throwIfAborted();
    await indexOne(path);
    progress.files++;
    options.onProgress?.(progress);
  }
  for (const writer of writers.values()) {
    await writer.flush();
    report.passages += writer.written.passages;
    report.embedded += writer.written.embedded;
  }
  for (const target of targets) await removeGone(target);
  return report;

  async function indexOne(path: string): Promise<void> {
    const read = await readText(source, path, options.maxBytes ?? DEFAULT_MAX_BYTES);
    if (read === undefined) return;
    if (typeof read === 'string') {
      report.left_out[read] = (report.left_out[read] ?? 0) + 1;
      return;
    }
    const target = options.collection ?? (isDocument(read.language) ? 'documentation' : 'codebase');
    if (options.collection === 'documentation' && !isDocument(read.language) && read.language !== 'html') return;
    const full = source.prefix + path;
    present.get(target)?.add(full);
    const before = known.get(target)?.get(full);
    if (before?.whole && before.hash === read.sha256) {
      report.unchanged++;
      return;
    }
    const clean = withoutSecrets(read.text);
    if (clean.found.length > 0) report.secrets += clean.found.length;
    const cut = await cutFile(clean.text, read.language);
    const rows = rowsOf(
      cut,
      {
        repository: source.repository,
        path: full,
        commit: source.git?.commit ?? '',
        changedAt: times.get(full) ?? read.changedAt,
        trust,
        fileHash: read.sha256,
      },
      store.dimensions,
    );
    if (rows.length === 0) {
      present.get(target)?.delete(full);
      return;
    }
    report.changed++;
    await writers.get(target)?.add(rows);
  }

  /** Whatever of this folder the store knows and the folder has no more. */
  async function removeGone(target: Collection): Promise<void> {
    const here = present.get(target);
    const gone = [...(known.get(target)?.keys() ?? [])].filter(
      (path) =>
        path.startsWith(source.prefix) &&
        !isOther(path) &&
        !here?.has(path) &&
        (!paths || covered(path.slice(source.prefix.length), paths)),
    );
    report.removed += gone.length;
    for (let at = 0; at < gone.length; at += REMOVED_TOGETHER)
      await store.remove(target, { repository: source.repository, paths: gone.slice(at, at + REMOVED_TOGETHER) });
  }
}

/** Issues and commits have ids instead of paths: no file of theirs can be gone. */
const isOther = (path: string): boolean => /^(?:#|commit:)/.test(path);

const covered = (path: string, paths: readonly string[]): boolean => paths.includes(path);
