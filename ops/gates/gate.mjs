// What a gate is: `{ name, run(root) }`. `run` gives back a word for the summary line, throws Red when the rule is
// broken, Skipped when this machine cannot check it. Plain JavaScript: gates run before anything is built.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export class Red extends Error {}

export class Skipped extends Error {}

/** Skips, unless everything is required (CORTEX_REQUIRE_ALL=1): then what is absent is a failure. */
export function cannotCheck(reason) {
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Red(`${reason} (CORTEX_REQUIRE_ALL=1)`);
  throw new Skipped(reason);
}

/** Runs a program; `code`, and what it said on both channels. */
export function execute(command, args, { cwd, env = process.env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...said, code }));
  });
}

/** A script of a package in node_modules, run by this Node. */
export const nodeTool = (root, script, args, options = {}) =>
  execute(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, ...options });

/** Every file git knows, with those new ones it does not ignore. */
export async function trackedFiles(root) {
  const { code, out, err } = await execute('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  if (code !== 0) throw new Red(`git ls-files failed: ${err.trim()}`);
  return out.split('\0').filter(Boolean);
}
