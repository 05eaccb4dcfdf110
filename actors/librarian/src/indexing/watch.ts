// A folder under watch: what changes is indexed at once, its words before its meaning, so that it is found while the encoder still works.
import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { languageOf } from '../chunk/index.js';
import { NEVER, type Source } from '../read/files.js';
import { type IndexOptions, type IndexReport, indexFolder } from './index-folder.js';

/** Editors write a file in several steps: they are waited for this long, milliseconds. */
const CALM_MS = 120;
const AGAIN_MS = 1_000;
/** The store is put in order after so many changes, and when all is calm. */
const SETTLE_EVERY = 500;
const SETTLE_CALM_MS = 30_000;

export interface WatchEvents {
  onIndexed?: (report: IndexReport) => void;
  /** Something failed; it is tried again. */
  onTrouble?: (error: Error) => void;
}

export interface Watch {
  stop(): Promise<void>;
}

/** Resolves once changes are seen. */
export async function watchFolder(source: Source, options: IndexOptions, events: WatchEvents = {}): Promise<Watch> {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let settling: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let unsettled = 0;
  const watcher = watch(source.folder, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, info) => {
      const inside = relative(source.folder, path);
      return inside.split(sep).some((part) => NEVER.includes(part)) || (info?.isFile() === true && !languageOf(inside));
    },
  });
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    changed.add(relative(source.folder, path).split(sep).join('/'));
    later(CALM_MS);
  });
  watcher.on('error', (error) => events.onTrouble?.(error as Error));
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));

  function later(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => (running = running.then(work)), ms);
  }

  async function work(): Promise<void> {
    if (changed.size === 0 || stopped) return;
    const paths = [...changed];
    changed.clear();
    try {
      const report = await indexFolder(source, { ...options, wordsFirst: true }, paths);
      unsettled += report.changed + report.removed;
      if (report.changed + report.removed > 0) events.onIndexed?.(report);
      clearTimeout(settling);
      if (unsettled >= SETTLE_EVERY) await settle();
      else if (unsettled > 0) settling = setTimeout(() => (running = running.then(settle)), SETTLE_CALM_MS);
    } catch (error) {
      if (options.signal?.aborted) return;
      for (const path of paths) changed.add(path);
      events.onTrouble?.(error as Error);
      later(AGAIN_MS);
    }
  }

  async function settle(): Promise<void> {
    unsettled = 0;
    try {
      for (const collection of options.collection ? [options.collection] : (['codebase', 'documentation'] as const))
        await options.store.settle(collection);
    } catch (error) {
      events.onTrouble?.(error as Error);
    }
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(settling);
      await watcher.close();
      await running;
    },
  };
}
