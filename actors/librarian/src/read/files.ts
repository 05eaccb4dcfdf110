// Which files of a folder are read, and reading one without leaving the folder.
// The one thing to know: a path is followed only as far as it stays inside; links out, devices, binaries and huge files are left out and counted.
import { createHash } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { languageOf } from '../chunk/index.js';
import { filesOf, type Repository, repositoryOf } from './git.js';
import { isSecretFile } from './secrets.js';

export interface Source {
  /** Real path of what was named. */
  folder: string;
  repository: string;
  /** Prefix of every path: the folder below its repository's top, '' or with `/` at its end. */
  prefix: string;
  git: Repository | undefined;
}

export type LeftOut =
  | 'secret'
  | 'too large'
  | 'binary'
  | 'leads out of the folder'
  | 'not readable'
  | 'not text'
  | 'generated';

const GENERATED =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|composer\.lock|cargo\.lock|poetry\.lock|uv\.lock|gemfile\.lock|go\.sum)$|\.(?:min\.(?:js|css)|map|snap|lock)$/i;
/** Never looked into, ignored or not. */
export const NEVER = ['.git', 'node_modules', '.hg', '.svn', '.cortex', '__pycache__', '.venv'];

/** @throws Error (ENOENT, ENOTDIR) when there is no such folder. */
export async function openSource(path: string, name?: string): Promise<Source> {
  const folder = await fs.realpath(resolve(path));
  if (!(await fs.stat(folder)).isDirectory())
    throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' });
  const git = await repositoryOf(folder);
  return {
    folder,
    repository: name ?? git?.name ?? basename(folder),
    prefix: git?.below ? `${git.below}/` : '',
    git,
  };
}

/** Files below the source that git, or .gitignore, does not leave out; relative, sorted. */
export async function listFiles(source: Source): Promise<string[]> {
  const found = source.git ? await filesOf(source.folder) : await walk(source.folder);
  return found.filter((path) => !path.split('/').some((part) => NEVER.includes(part))).sort();
}

async function walk(folder: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (at: string, rules: readonly { base: string; rule: Ignore }[]): Promise<void> => {
    const own = await fs.readFile(join(folder, at, '.gitignore'), 'utf8').catch(() => undefined);
    const all = own === undefined ? rules : [...rules, { base: at, rule: ignore().add(own) }];
    const entries = await fs.readdir(join(folder, at), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = at ? `${at}/${entry.name}` : entry.name;
      if (NEVER.includes(entry.name)) continue;
      const tested = entry.isDirectory() ? `${path}/` : path;
      if (all.some(({ base, rule }) => rule.ignores(base ? tested.slice(base.length + 1) : tested))) continue;
      if (entry.isDirectory()) await visit(path, all);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  await visit('', []);
  return found;
}

export interface ReadFile {
  text: string;
  language: string;
  sha256: string;
  changedAt: number;
}

/** The file's text, or why it is left out. A file that is gone by now is `undefined`. */
export async function readText(
  source: Source,
  path: string,
  maxBytes: number,
): Promise<ReadFile | LeftOut | undefined> {
  if (isSecretFile(path)) return 'secret';
  // A name that is no UTF-8 cannot be cited, nor opened by what is left of it.
  if (path.includes('\uFFFD')) return 'not readable';
  if (GENERATED.test(path)) return 'generated';
  const language = languageOf(path);
  if (!language) return 'not text';
  const full = join(source.folder, path);
  try {
    const real = await fs.realpath(full);
    const inside = relative(source.folder, real);
    if (
      inside.startsWith('..') ||
      inside === '' ||
      resolve(real) !== join(source.folder, inside) ||
      inside.startsWith(sep)
    )
      return 'leads out of the folder';
    if (inside.split(sep).some((part) => NEVER.includes(part)) || isSecretFile(inside.split(sep).join('/')))
      return 'leads out of the folder';
    // Opened without following: between the look and the opening nobody can put a link there.
    const handle = await fs.open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = await handle.stat();
      if (!info.isFile()) return 'not readable';
      if (info.size > maxBytes) return 'too large';
      const bytes = await handle.readFile();
      if (bytes.subarray(0, 8192).includes(0)) return 'binary';
      const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
      if (looksMinified(text)) return 'generated';
      return { text, language, sha256: createHash('sha256').update(bytes).digest('hex'), changedAt: info.mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'not readable';
  }
}

/** Lines nobody wrote by hand. */
const looksMinified = (text: string): boolean =>
  text.length > 20_000 && text.length / (text.split('\n').length || 1) > 1_000;
