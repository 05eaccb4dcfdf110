// What every entry needs first: a Node that is new enough, dependencies, a build. Speaks on standard error only.
import './node-version.mjs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { installDependencies } from './dependencies.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const say = (line) => process.stderr.write(`cortex: ${line}\n`);

/** Installs and builds what is missing; ends the process with one line and exit code 1 when it cannot. */
export async function prepare() {
  try {
    await installDependencies(root, say);
    await build(root, say);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** Runs the command line in this process, so that signals and exit codes need no passing on. */
export async function commandLine(args) {
  const main = join(root, 'ops', 'dist', 'cli', 'main.js');
  process.argv = [process.execPath, main, ...args];
  await import(new URL('../../dist/cli/main.js', import.meta.url).href);
}
