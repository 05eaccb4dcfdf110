// Builds all packages when a source is newer than what was built from it. `npx cortex` asks this each time, so the
// look must stay far below 200 ms: names, sizes and times of the sources against the stamp of the last build.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { buildPages, pagesBuilt } from './pages.mjs';

const stampFile = (root) => join(root, 'node_modules', '.cortex', 'built');

export async function build(root, say) {
  if (isBuilt(root) && pagesBuilt(root)) return;
  await withLock(
    join(root, 'node_modules', '.cortex', 'build.lock'),
    async () => {
      await buildPages(root);
      const state = fingerprint(root);
      if (isBuilt(root, state)) return;
      say('building (tsc -b); only what changed is built again');
      const began = Date.now();
      // Without this tsc believes its own notes and leaves a removed dist/ empty.
      for (const folder of packages(root)) {
        if (!hasOutput(root, folder)) rmSync(join(root, folder, 'tsconfig.tsbuildinfo'), { force: true });
      }
      await tsc(root, say);
      mkdirSync(dirname(stampFile(root)), { recursive: true });
      // The state from before the build: a file saved meanwhile makes the next look build again.
      writeFileSync(stampFile(root), state);
      say(`built in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    },
    { onWait: () => say('another process is building: waiting for it') },
  );
}

export function isBuilt(root, state = fingerprint(root)) {
  if (!packages(root).every((folder) => hasOutput(root, folder))) return false;
  return existsSync(stampFile(root)) && readFileSync(stampFile(root), 'utf8') === state;
}

const hasOutput = (root, folder) => existsSync(join(root, folder, 'dist', 'index.js'));

/** Workspace folders, from tsconfig.json's references: the one list of what `tsc -b` builds. */
export function packages(root) {
  return JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references.map((reference) => reference.path);
}

function fingerprint(root) {
  const hash = createHash('sha256');
  const note = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  note(join(root, 'tsconfig.base.json'));
  note(join(root, 'tsconfig.json'));
  for (const folder of packages(root)) {
    const at = join(root, folder);
    note(join(at, 'package.json'));
    note(join(at, 'tsconfig.json'));
    walk(join(at, 'src'), note);
  }
  return hash.digest('hex');
}

function walk(folder, note) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path, note);
    else if (/\.([cm]?ts|json)$/.test(entry.name)) note(path);
  }
}

function tsc(root, say) {
  const began = Date.now();
  const beat = setInterval(() => say(`still building, ${Math.round((Date.now() - began) / 1000)} s`), 10_000);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', 'typescript-7', 'bin', 'tsc'), '-b', root], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`the build failed: tsc's errors stand above`)),
    );
  }).finally(() => clearInterval(beat));
}
