// What git knows of a folder: its name, its commit, its files, when they changed, and which commits touched which. Git is asked, never changed.
import { execFile, spawn } from 'node:child_process';
import { basename, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MOST_OUTPUT = 256 * 1024 * 1024;
/** A repository may not make git run its programs for us, fetch what it lacks, nor ask somebody something. */
const SAFE = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'log.showSignature=false', 'protocol.allow=never']
  .concat('core.quotePath=false')
  .flatMap((setting) => ['-c', setting]);
const ENVIRONMENT = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };

export interface Repository {
  /** `owner/name` of its origin, else the folder's name. */
  name: string;
  /** Top folder. */
  root: string;
  /** The folder asked about, below the top; '' for the top itself. */
  below: string;
  commit: string;
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', [...SAFE, '-C', folder, ...args], { maxBuffer: MOST_OUTPUT, env: ENVIRONMENT });
  return stdout;
}

/** Undefined where there is no git, or no repository. */
export async function repositoryOf(folder: string): Promise<Repository | undefined> {
  try {
    const root = (await git(folder, 'rev-parse', '--show-toplevel')).trim();
    const commit = await git(folder, 'rev-parse', 'HEAD').then(
      (text) => text.trim(),
      () => '',
    );
    const origin = await git(folder, 'config', '--get', 'remote.origin.url').then(
      (text) => text.trim(),
      () => '',
    );
    return { name: nameOf(origin) ?? basename(root), root, below: relative(root, folder).split(sep).join('/'), commit };
  } catch {
    return undefined;
  }
}

/** `git@host:owner/name.git`, `https://host/owner/name` → `owner/name`. A local path gives its last part. */
export function nameOf(origin: string): string | undefined {
  if (origin === '') return undefined;
  const parts = origin
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split(/[/:]/)
    .filter(Boolean);
  const remote = /^[\w+.-]+:\/\/|^[\w.-]+@[\w.-]+:/.test(origin) && !origin.startsWith('file:');
  return parts.slice(remote ? -2 : -1).join('/') || undefined;
}

/** Tracked and new files that are not ignored, relative to `folder`. */
export async function filesOf(folder: string): Promise<string[]> {
  const text = await git(folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  return [...new Set(text.split('\0').filter(Boolean))];
}

export interface Change {
  commit: string;
  /** Milliseconds since the epoch. */
  at: number;
  message: string;
  /** Paths below the repository. */
  files: string[];
}

/** Commits that led to `HEAD`, newest first, without who wrote them. Merges are left out: they touch what others changed. */
export async function* changesOf(folder: string, most: number): AsyncGenerator<Change> {
  const child = spawn(
    'git',
    [
      ...SAFE,
      '-C',
      folder,
      'log',
      '--no-merges',
      `-n${most}`,
      '--name-only',
      '--no-renames',
      '--format=%x01%H%x02%ct%x02%B%x03',
    ],
    { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', () => undefined);
  let head = '';
  let files: string[] = [];
  const entry = (): Change | undefined => {
    const [commit = '', at = '', message = ''] = head.split('\x02');
    return commit ? { commit, at: Number(at) * 1000, message: message.trim(), files } : undefined;
  };
  let inHead = false;
  try {
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.startsWith('\x01')) {
        const done = entry();
        if (done) yield done;
        head = '';
        files = [];
        inHead = true;
      }
      if (inHead) {
        head += `${line.replace('\x01', '').replace('\x03', '')}\n`;
        if (line.endsWith('\x03')) inHead = false;
      } else if (line !== '') files.push(line);
    }
    const last = entry();
    if (last) yield last;
  } finally {
    if (child.exitCode === null) child.kill();
    await ended;
  }
}

/** When each file was last changed, by the same log. */
export async function changeTimes(folder: string, most: number): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { at, files } of changesOf(folder, most))
    for (const file of files) if (!times.has(file)) times.set(file, at);
  return times;
}
