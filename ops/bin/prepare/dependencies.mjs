// Installs what package-lock.json names and node_modules lacks. Compares versions, not times: a fresh checkout gives
// every file a new time, and nobody wants to wait for an install that changes nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

export async function installDependencies(root, say) {
  if (!missing(root)) return;
  await withLock(
    join(root, '.cortex-install.lock'),
    async () => {
      const why = missing(root);
      if (!why) return;
      say(`installing dependencies (${why}); this takes a minute the first time`);
      await npmInstall(root, say);
      const left = missing(root);
      if (left) throw new Error(`npm finished, but ${left}: remove node_modules and try again`);
    },
    { onWait: () => say('another process is installing dependencies: waiting for it') },
  );
}

/** Why an install is needed, or undefined. */
export function missing(root) {
  const have = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!have) return 'node_modules is missing';
  const want = lockedPackages(join(root, 'package-lock.json')) ?? {};
  for (const [path, entry] of Object.entries(want)) {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const there = have[path];
    if (!there) {
      if (entry.optional || entry.devOptional || entry.peer) continue;
      return `${path} is missing`;
    }
    if (there.version !== entry.version) return `${path} is ${there.version}, wanted ${entry.version}`;
  }
  return undefined;
}

function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

// `npm ci` empties node_modules first, under the feet of a Cortex that runs from it: only where there is none.
function npmInstall(root, say) {
  const fresh = !existsSync(join(root, 'node_modules', '.package-lock.json'));
  const args = [
    fresh ? 'ci' : 'install',
    ...(fresh ? [] : ['--no-save']),
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    // Without a network the answer comes in seconds, not after a minute of retries.
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ];
  const npm = process.env.npm_execpath;
  const script = npm && /\.[cm]?js$/.test(npm) ? npm : undefined;
  const command = script ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const began = Date.now();
  const beat = setInterval(() => say(`still installing, ${Math.round((Date.now() - began) / 1000)} s`), 10_000);
  return new Promise((resolve, reject) => {
    const child = spawn(command, script ? [script, ...args] : args, {
      cwd: root,
      // Standard output belongs to the command that was asked for (`--json`); npm's words go to standard error.
      stdio: ['ignore', 2, 'pipe'],
      shell: !script && process.platform === 'win32',
      env: { ...process.env, npm_config_progress: 'false' },
    });
    let words = '';
    child.stderr.on('data', (chunk) => {
      words += chunk;
    });
    child.on('error', (error) =>
      reject(new Error(`npm could not be started (${error.message}): install npm, or run \`npm ci\` in ${root}`)),
    );
    child.on('close', (code) => {
      if (code === 0) {
        say(`dependencies installed in ${Math.round((Date.now() - began) / 1000)} s`);
        return resolve();
      }
      if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ECONNRESET/.test(words)) {
        reject(
          new Error(
            "dependencies are missing and the package registry cannot be reached: connect to the network (or set npm's proxy) and try again",
          ),
        );
      } else {
        process.stderr.write(words);
        reject(new Error(`npm could not install the dependencies (exit code ${code}): its reason stands above`));
      }
    });
  }).finally(() => clearInterval(beat));
}
