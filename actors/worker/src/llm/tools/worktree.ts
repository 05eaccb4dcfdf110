// Changes happen in a temporary git worktree, never in the repository itself: the result is a diff that somebody may apply. What may be
// changed and run was said by whoever started the worker; a task or a model can only choose among that.
import { spawn } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { RetryableError } from '@cortex/bus';
import type { Border } from '../border.js';
import { hashOf } from '../piece.js';
import type { Edit, Evidence, Problem } from '../state.js';
import { insidePath, matchesAny } from './glob.js';
import { bareEnvironment, git } from './repository.js';

export interface Workplace {
  /** Puts the worktree back to its commit and makes the changes. Problems name what was refused; then nothing counts. */
  apply(edits: readonly Edit[]): Promise<readonly Problem[]>;
  /** Runs an allowed command; evidence with exit code and hash of its output, and a problem when it failed. */
  run(command: string, signal: AbortSignal): Promise<{ evidence: Evidence; problem?: Problem }>;
  /** All changes as a diff, empty when there are none. */
  diff(): Promise<string>;
  remove(): Promise<void>;
}

export interface WorkplaceOptions {
  readonly repository: string;
  readonly allowEdits: readonly string[];
  readonly allowCommands: readonly string[];
  readonly commandTimeoutMs: number;
  readonly border: Border;
}

/** Thrown when git makes no worktree: a matter of the machine, so another attempt may find it mended. */
export class WorkplaceUnavailable extends RetryableError {
  override readonly name = 'WorkplaceUnavailable';
}

const running = new Map<string, Promise<unknown>>();

/** Two `git worktree` at once in one repository stumble over each other. */
async function oneAtATime<T>(repository: string, work: () => Promise<T>): Promise<T> {
  const before = running.get(repository);
  const mine = (async () => {
    await before?.catch(() => undefined);
    return work();
  })();
  running.set(repository, mine);
  try {
    return await mine;
  } finally {
    if (running.get(repository) === mine) running.delete(repository);
  }
}

const MOST_BYTES = 1_000_000;
const KEPT_OUTPUT = 64 * 1024;

/** The worktree itself is made when it is first needed: many tasks change nothing. */
export function openWorkplace(options: WorkplaceOptions): Workplace {
  const { repository, border } = options;
  let made: Promise<{ folder: string; tree: string }> | undefined;
  const place = () => {
    made ??= makeTree(repository);
    return made;
  };
  const refuse = (text: string): Problem => ({ kind: 'edit-refused', text });
  const change = async (tree: string, edit: Edit): Promise<Problem | undefined> => {
    const path = insidePath(edit.path);
    if (path === undefined || !matchesAny(path, options.allowEdits))
      return refuse(`a change outside of what may be changed (${options.allowEdits.join(', ')})`);
    if (border.pass(edit.replace) !== edit.replace) return refuse(`a change to ${path} that holds a secret`);
    const file = join(tree, path);
    if (!(await insideTree(tree, file))) return refuse(`${path} leads out of the worktree`);
    const known = await lstat(file).catch(() => undefined);
    if (edit.find === '') {
      if (known) return refuse(`${path} exists already: give the text to find`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, edit.replace, { flag: 'wx' });
      return undefined;
    }
    if (!known?.isFile() || known.size > MOST_BYTES) return refuse(`there is no file ${path} to change`);
    const text = await readFile(file, 'utf8');
    const at = text.indexOf(edit.find);
    if (at < 0) return refuse(`the text to find is not in ${path}`);
    if (text.indexOf(edit.find, at + 1) >= 0) return refuse(`the text to find is in ${path} more than once`);
    await writeFile(file, text.slice(0, at) + edit.replace + text.slice(at + edit.find.length));
    return undefined;
  };
  return {
    async apply(edits) {
      if (edits.length === 0 && made === undefined) return [];
      const { tree } = await place();
      await git(tree, ['reset', '--hard', '--quiet', 'HEAD']);
      await git(tree, ['clean', '-fdq']);
      const problems: Problem[] = [];
      for (const edit of edits) {
        const problem = await change(tree, edit);
        if (problem) problems.push(problem);
      }
      return problems;
    },
    async run(command, signal) {
      if (!options.allowCommands.includes(command))
        throw new RangeError('a command that is not on the list was about to be run');
      const { tree, folder } = await place();
      const ended = await shell(command, tree, folder, options.commandTimeoutMs, signal);
      const evidence: Evidence = {
        kind: 'command',
        ref: command,
        sha256: hashOf(ended.output),
        exit_code: ended.code ?? -1,
      };
      if (ended.code === 0) return { evidence };
      const how = ended.code === undefined ? 'was ended' : `ended with exit code ${ended.code}`;
      return {
        evidence,
        problem: {
          kind: 'command-failed',
          text: `"${command}" ${how}`,
          said: border.pass(ended.output.slice(-4_000)),
        },
      };
    },
    async diff() {
      if (made === undefined) return '';
      const { tree } = await place();
      await git(tree, ['add', '-A', '--intent-to-add']);
      return git(tree, ['diff', '--no-color', '--no-ext-diff', '--no-textconv']);
    },
    async remove() {
      const known = await made?.catch(() => undefined);
      if (!known) return;
      const { tree, folder } = known;
      await oneAtATime(repository, () => git(repository, ['worktree', 'remove', '--force', tree])).catch(
        () => undefined,
      );
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function makeTree(repository: string): Promise<{ folder: string; tree: string }> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cortex-work-')));
  // A name of its own: git calls its record of the worktree the same.
  const tree = join(folder, basename(folder));
  try {
    await oneAtATime(repository, () => git(repository, ['worktree', 'add', '--detach', '--quiet', tree, 'HEAD']));
    return { folder, tree };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new WorkplaceUnavailable(`no worktree of the repository could be made: ${(error as Error).message}`);
  }
}

/** Whether the deepest folder of a path that exists lies in the tree, links resolved, and the file itself is no link. */
async function insideTree(tree: string, file: string): Promise<boolean> {
  if ((await lstat(file).catch(() => undefined))?.isSymbolicLink()) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => undefined);
    if (real === undefined) continue;
    const way = relative(tree, real);
    return way === '' || !way.startsWith('..');
  }
}

function shell(
  command: string,
  cwd: string,
  home: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      cwd,
      env: { ...bareEnvironment(home), CI: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const kill = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(kill, limitMs);
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    const end = (code: number | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      kill();
      resolve({ code, output });
    };
    child.once('error', () => end(undefined));
    child.once('close', (code) => end(code ?? undefined));
  });
}
