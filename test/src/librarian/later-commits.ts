// Does the librarian find the files a change will touch, before it is made? This repository as of a commit is indexed, then asked with the messages of
// later commits that touch at most three files. Nobody wrote these questions for a search.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Found, indexChanges, indexFolder, Library, openSource, rank } from '@cortex/actor-librarian';
import type { Encoder } from '@cortex/models';

const MOST_TOUCHED = 3;
const FIRST = 5;

export interface LaterCommitsOptions {
  repository: string;
  encoder: Encoder;
  /** Commits that are indexed: so many back from HEAD, or every so many from the first one on, which asks of a longer history the same questions and more. */
  bases: { back: readonly number[] } | { every: number };
  log: (line: string) => void;
  /** Folder to keep an index a base in, so that another run need not make it again. Default: none are kept. */
  keep?: string | undefined;
}

export interface Asked {
  commit: string;
  message: string;
  touched: string[];
  /** Place of the first touched file, from 1; 0 when it is not among the first fifty. */
  places: Record<Way, number>;
}

export const WAYS = ['words', 'meaning', 'hybrid', 'graph'] as const;
export type Way = (typeof WAYS)[number];

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

export async function askLaterCommits({
  repository,
  encoder,
  bases,
  log,
  keep,
}: LaterCommitsOptions): Promise<Asked[]> {
  const work = mkdtempSync(join(tmpdir(), 'cortex-later-commits-'));
  const clone = join(work, 'repository');
  const asked: Asked[] = [];
  let last: string | undefined;
  try {
    git(work, 'clone', '--quiet', '--shared', repository, clone);
    const all = basesOf(clone, bases);
    for (const [i, base] of all.entries()) {
      const until = all[i + 1] ?? 'origin/HEAD';
      git(clone, 'checkout', '--quiet', base);
      const vectors = join(work, `vectors-${base}`);
      const kept = keep === undefined ? undefined : join(keep, base);
      if (kept && existsSync(kept)) cpSync(kept, vectors, { recursive: true });
      else {
        // What did not change since the base before need not be read again.
        if (last) cpSync(last, vectors, { recursive: true });
        await indexBase(clone, vectors, encoder, (line) => log(`as of ${base.slice(0, 10)}: ${line}`));
        if (kept) cpSync(vectors, kept, { recursive: true });
      }
      last = vectors;
      const library = await Library.open({ folder: vectors, encoder });
      const known = new Set<string>();
      for (const collection of ['codebase', 'documentation'] as const)
        for await (const rows of library.store.scan(collection, ['path'])) for (const { path } of rows) known.add(path);
      for (const later of laterCommits(clone, base, until)) {
        const touched = later.files.filter((file) => known.has(file));
        if (touched.length === 0) continue;
        asked.push({
          commit: later.commit,
          message: later.message,
          touched,
          places: await placesOf(library, later.message, touched),
        });
      }
      await library.store.close();
    }
    return asked;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Oldest first. */
function basesOf(clone: string, bases: LaterCommitsOptions['bases']): string[] {
  const line = git(clone, 'rev-list', '--first-parent', '--reverse', 'origin/HEAD').trim().split('\n');
  if ('back' in bases) return [...bases.back].sort((a, b) => b - a).flatMap((back) => line.at(-1 - back) ?? []);
  return line.filter((_, i) => (i + 1) % bases.every === 0 && i + 1 < line.length);
}

async function indexBase(clone: string, vectors: string, encoder: Encoder, log: (line: string) => void): Promise<void> {
  const library = await Library.open({ folder: vectors, encoder });
  await library.claimEncoder();
  const source = await openSource(clone, 'repository');
  const began = Date.now();
  const options = { store: library.store, encoder };
  const report = await indexFolder(source, options);
  const history = await indexChanges(source, options);
  for (const collection of ['codebase', 'documentation', 'issues'] as const) {
    await library.store.settle(collection);
    await library.tune(collection);
  }
  await library.store.close();
  log(
    `${report.files} files, ${history.files} commits, ${report.passages + history.passages} passages written (${report.embedded + history.embedded} encoded) in ${Math.round((Date.now() - began) / 1000)} s`,
  );
}

function laterCommits(
  clone: string,
  after: string,
  until: string,
): { commit: string; message: string; files: string[] }[] {
  const text = git(
    clone,
    'log',
    '--no-merges',
    '--no-renames',
    '--name-only',
    '--format=%x01%H%x02%B%x03',
    `${after}..${until}`,
  );
  return text
    .split('\x01')
    .slice(1)
    .map((entry) => {
      const [head = '', files = ''] = entry.split('\x03');
      const [commit = '', message = ''] = head.split('\x02');
      return { commit, message: message.trim(), files: files.split('\n').filter(Boolean) };
    })
    .filter(({ files }) => files.length >= 1 && files.length <= MOST_TOUCHED);
}

async function placesOf(library: Library, query: string, touched: readonly string[]): Promise<Record<Way, number>> {
  const files = ['codebase', 'documentation'] as const;
  const ask = (more: object) => rank(library, { query, most: 60, collections: files, graph: false, ...more });
  return {
    words: placeOf((await ask({ by: 'words' })).found, touched),
    meaning: placeOf((await ask({ by: 'meaning' })).found, touched),
    hybrid: placeOf((await ask({})).found, touched),
    graph: placeOf((await rank(library, { query, most: 60 })).found, touched),
  };
}

/** Files in the order of their best passages; past work is no file. */
function placeOf(found: readonly Found[], touched: readonly string[]): number {
  const files = [
    ...new Set(
      found
        .filter(({ collection }) => collection === 'codebase' || collection === 'documentation')
        .map(({ row }) => row.path),
    ),
  ].slice(0, 50);
  return files.findIndex((file) => touched.includes(file)) + 1;
}

export interface Figure {
  first_five: number;
  mrr: number;
}

export const figureOf = (asked: readonly Asked[], way: Way): Figure => ({
  first_five: mean(asked.map(({ places }) => (places[way] > 0 && places[way] <= FIRST ? 1 : 0))),
  mrr: mean(asked.map(({ places }) => (places[way] > 0 ? 1 / places[way] : 0))),
});

export interface Lead {
  /** Questions where only this way has a touched file among the first five, and where only words alone have. */
  won: number;
  lost: number;
  /** Chance of so uneven a split, or a more uneven one, if both were equally good: exact two-sided McNemar. */
  p: number;
}

/** One way beside words alone, question by question. */
export function leadOf(asked: readonly Asked[], way: Way): Lead {
  const has = (one: Asked, by: Way) => one.places[by] > 0 && one.places[by] <= FIRST;
  const won = asked.filter((one) => has(one, way) && !has(one, 'words')).length;
  const lost = asked.filter((one) => !has(one, way) && has(one, 'words')).length;
  let term = 0.5 ** (won + lost);
  let tail = 0;
  for (let k = 0; k <= Math.min(won, lost); k++) {
    tail += term;
    term *= (won + lost - k) / (k + 1);
  }
  return { won, lost, p: Math.min(1, 2 * tail) };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / (values.length || 1);
