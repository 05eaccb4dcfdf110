// Builds the dashboard's pages (ops/dashboard, by vite, about a second) when one of their sources changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const folderOf = (root) => join(root, 'ops', 'dashboard');
const stampFile = (root) => join(root, 'node_modules', '.cortex', 'pages');

/** True as well in a tree without a dashboard. */
export function pagesBuilt(root, state = fingerprint(root)) {
  if (state === undefined) return true;
  if (!existsSync(join(folderOf(root), 'dist', 'index.html'))) return false;
  return existsSync(stampFile(root)) && readFileSync(stampFile(root), 'utf8') === state;
}

export async function buildPages(root) {
  const state = fingerprint(root);
  if (pagesBuilt(root, state)) return;
  await vite(root);
  mkdirSync(dirname(stampFile(root)), { recursive: true });
  writeFileSync(stampFile(root), state);
}

function fingerprint(root) {
  const folder = folderOf(root);
  if (!existsSync(join(folder, 'vite.config.ts'))) return undefined;
  const hash = createHash('sha256');
  const note = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  note(join(folder, 'package.json'));
  note(join(folder, 'vite.config.ts'));
  for (const entry of readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) note(join(entry.parentPath ?? entry.path, entry.name));
  return hash.digest('hex');
}

function vite(root) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'],
      // Standard output belongs to the command that was asked for.
      { cwd: folderOf(root), stdio: ['ignore', 2, 2] },
    );
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`the build of the dashboard's pages failed: vite's errors stand above`)),
    );
  });
}
