// Read-only search and view of a repository. What git does not track is not there; files of credentials are not there either.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NewPiece } from '../piece.js';
import { insideFile, insidePath } from './glob.js';

const run = promisify(execFile);

const MOST_BYTES = 1_000_000;
const MOST_LINES = 300;
const AROUND = 4;
const MOST_PLACES = 6;

export interface Repository {
  readonly root: string;
  /** Places where the words occur, with lines around them; the places that hold most of the words first. */
  search(query: string): Promise<NewPiece[]>;
  /** Lines of a file; undefined when it is not there or must not be read. */
  view(path: string, from?: number, to?: number): Promise<NewPiece | undefined>;
  commit(): Promise<string | undefined>;
}

/** Environment of programs that are run for a task: nothing of this process's own but what finds programs. */
export function bareEnvironment(home: string): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TMPDIR } = process.env;
  return {
    HOME: home,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...(PATH ? { PATH } : {}),
    ...(SystemRoot ? { SystemRoot } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
  };
}

export async function git(root: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const { stdout } = await run(
    'git',
    ['-C', root, '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', ...args],
    {
      env: bareEnvironment(root),
      maxBuffer: 16 * 1024 * 1024,
      ...(signal ? { signal } : {}),
    },
  );
  return stdout;
}

export function openRepository(root: string): Repository {
  const tracked = async (path: string) => {
    try {
      await git(root, ['ls-files', '--error-unmatch', '--', path]);
      return true;
    } catch {
      return false;
    }
  };
  const lines = async (path: string): Promise<string[] | undefined> => {
    const file = await insideFile(root, path);
    if (file === undefined || !(await tracked(path))) return undefined;
    if ((await stat(file)).size > MOST_BYTES) return undefined;
    const text = await readFile(file, 'utf8');
    return text.includes('\0') ? undefined : text.split('\n');
  };
  const commit = async () => {
    try {
      return (await git(root, ['rev-parse', 'HEAD'])).trim();
    } catch {
      return undefined;
    }
  };
  const piece = async (path: string, all: string[], from: number, to: number, kind: string, why: string) => {
    const at = await commit();
    return {
      kind,
      source: path,
      lines: [from, to] as const,
      ...(at ? { commit: at } : {}),
      trust: 'known',
      why,
      text: all.slice(from - 1, to).join('\n'),
    };
  };
  return {
    root,
    commit,
    async search(query) {
      const words = [...new Set(query.match(/[\p{L}\p{N}_$.-]{2,64}/gu) ?? [])].slice(0, 8);
      if (words.length === 0) return [];
      let found: string;
      try {
        const patterns = words.flatMap((word) => ['-e', word]);
        found = await git(root, ['grep', '-n', '-I', '-i', '-F', '--no-color', '-z', '--max-count=40', ...patterns]);
      } catch {
        // Exit code 1: nowhere.
        return [];
      }
      const places = new Map<string, { path: string; line: number; hits: Set<string> }>();
      for (const row of found.split('\n').slice(0, 4_000)) {
        const [path, line, text] = row.split('\0');
        if (path === undefined || line === undefined || text === undefined || insidePath(path) === undefined) continue;
        const block = Math.floor(Number(line) / (AROUND * 4));
        const key = `${path}\0${block}`;
        const place = places.get(key) ?? { path, line: Number(line), hits: new Set<string>() };
        const low = text.toLowerCase();
        for (const word of words) if (low.includes(word.toLowerCase())) place.hits.add(word);
        places.set(key, place);
      }
      const best = [...places.values()].sort((a, b) => b.hits.size - a.hits.size).slice(0, MOST_PLACES);
      const pieces: NewPiece[] = [];
      for (const { path, line, hits } of best) {
        const all = await lines(path);
        if (!all) continue;
        const [from, to] = [Math.max(1, line - AROUND), Math.min(all.length, line + AROUND * 3)];
        pieces.push(await piece(path, all, from, to, 'search', `holds ${[...hits].join(', ')}`));
      }
      return pieces;
    },
    async view(path, from = 1, to = MOST_LINES) {
      const plain = insidePath(path);
      if (plain === undefined) return undefined;
      const all = await lines(plain);
      if (!all) return undefined;
      const first = Math.min(Math.max(1, Math.trunc(from)), all.length);
      const last = Math.min(all.length, Math.max(first, Math.trunc(to)), first + MOST_LINES - 1);
      return piece(plain, all, first, last, 'file', 'the plan asked for it');
    },
  };
}
