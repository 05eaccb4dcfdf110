// The built pages, read once into memory: a handful of files, the named-by-content ones kept by the browser for ever.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly cache: string;
}

const FOLDER = fileURLToPath(new URL('../../dashboard/dist/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Thrown when the pages have not been built. */
export class NoPages extends Error {
  override readonly name = 'NoPages';
  constructor() {
    super('the pages of the dashboard are not built: run "npm run build"');
  }
}

/** By path, such as `/assets/index-3f.js`; `/` is the page itself. */
export async function readPages(folder: string = FOLDER): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    pages.set(path, {
      body: new Uint8Array(await readFile(file)),
      type: TYPES[extname(file)] ?? 'application/octet-stream',
      cache: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  }
  const index = pages.get('/index.html');
  if (!index) throw new NoPages();
  pages.set('/', index);
  return pages;
}
