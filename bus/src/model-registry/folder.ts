// A model's folder as a list of files with hashes, read and written with distrust: no links, no way out, no surprise in size.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelFolderRefused, ModelTampered } from './errors.js';
import { pathFault } from './manifest.js';
import type { ModelFile, ModelVersion } from './types.js';

/** Says in a fetched folder which version it holds; hidden, so that it is never part of a model. */
export const MARK = '.model.json';
const MAX_FILES = 10_000;

/** All files of a folder with their hashes, sorted by path; hidden ones left out. Throws {@link ModelFolderRefused}. */
export async function readModelFolder(folder: string, maxBytes: number): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  let total = 0;
  const walk = async (below: string): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        throw new ModelFolderRefused(folder, error.code === 'ENOENT' ? 'it is not there' : error.message);
      },
    );
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        await walk(path);
        continue;
      }
      if (!entry.isFile()) throw new ModelFolderRefused(folder, `${path} is no plain file`);
      const fault = pathFault(path);
      if (fault) throw new ModelFolderRefused(folder, `${path} ${fault}`);
      const file = await hashFile(join(folder, path), maxBytes - total);
      if (!file) throw new ModelFolderRefused(folder, `it is larger than ${maxBytes.toLocaleString('en-US')} bytes`);
      total += file.bytes;
      files.push({ path, ...file });
      if (files.length > MAX_FILES) throw new ModelFolderRefused(folder, `it has more than ${MAX_FILES} files`);
    }
  };
  await walk('');
  if (files.length === 0) throw new ModelFolderRefused(folder, 'it is empty');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function hashFile(path: string, limit: number): Promise<{ bytes: number; sha256: string } | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) return undefined;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Whether a folder already holds exactly this version, by its mark and by every hash. */
export async function holds(folder: string, version: ModelVersion): Promise<boolean> {
  const mark = await readMark(folder);
  if (mark?.digest !== version.digest || mark.signature !== version.signature) return false;
  for (const { path, bytes, sha256 } of version.files) {
    const found = await hashFile(join(folder, path), bytes).catch(() => undefined);
    if (found?.sha256 !== sha256) return false;
  }
  return true;
}

/** Which version a folder says it holds; undefined for one that did not come from the registry. */
export async function readMark(folder: string): Promise<ModelVersion | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, MARK), 'utf8')) as ModelVersion;
  } catch {
    return undefined;
  }
}

/**
 * Writes a version beside its place and moves it there when every hash is right. `open` gives the bytes of a file.
 * Throws {@link ModelTampered}; the place is then as it was.
 */
export async function writeModelFolder(
  into: string,
  version: ModelVersion,
  bytesOf: (file: ModelFile) => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  const draft = `${into}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  await mkdir(draft, { recursive: true });
  try {
    for (const file of version.files) {
      await mkdir(dirname(join(draft, file.path)), { recursive: true });
      await writeFileChecked(join(draft, file.path), file, version.name, await bytesOf(file));
    }
    await writeFile(join(draft, MARK), JSON.stringify(version));
    await moveInto(draft, into);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeFileChecked(
  path: string,
  { path: name, bytes, sha256 }: ModelFile,
  model: string,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash('sha256');
  let written = 0;
  // `wx`: a name that is there already, also a link, is an error and is never followed.
  const handle = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of source) {
      written += chunk.length;
      if (written > bytes) throw new ModelTampered(model, `${name} is longer than the ${bytes} bytes that were signed`);
      hash.update(chunk);
      await handle.write(chunk);
    }
  } finally {
    await handle.close();
  }
  if (written !== bytes)
    throw new ModelTampered(model, `${name} has ${written} bytes, not the ${bytes} that were signed`);
  if (hash.digest('hex') !== sha256)
    throw new ModelTampered(model, `${name} is not the file that was signed (its sha256 differs)`);
}

/** Puts a folder in the place of another; several processes may do so at once, the last one stays. */
export async function moveInto(draft: string, into: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const old = `${into}.${process.pid}.${randomBytes(4).toString('hex')}.old`;
    const moved = await rename(into, old).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return false;
      },
    );
    try {
      await rename(draft, into);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || tries > 20) throw error;
    } finally {
      if (moved) await rm(old, { recursive: true, force: true });
    }
  }
}
