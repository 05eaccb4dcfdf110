// Files out of a Python wheel, by whatever pip this machine has. A wheel is a zip; nothing is installed, no Python
// code of it runs.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RungMissed } from './ladder.js';
import { lastWords, run } from './run.js';

export interface Wheel {
  name: string;
  version: string;
}

const CANDIDATES: readonly (readonly [string, ...string[]])[] = [
  ['pip3'],
  ['pip'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
];

/**
 * Downloads one wheel into `folder` and returns its path.
 * @throws RungMissed when there is no pip, or pip cannot get it.
 */
export async function downloadWheel(
  { name, version }: Wheel,
  folder: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<string> {
  const quiet = { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' };
  const [command, ...before] = await findPip(quiet, signal);
  say(`fetching the wheel ${name} ${version} with ${command}`);
  const finished = await run(
    command,
    [...before, 'download', '--no-deps', '--only-binary=:all:', '--retries', '1', '-d', folder, `${name}==${version}`],
    { env: quiet, signal },
  );
  if (finished.code !== 0) throw new RungMissed(`${command} could not get ${name} ${version}: ${lastWords(finished)}`);
  const file = (await readdir(folder)).find((entry) => wheelOf(entry) === name.replaceAll('-', '_'));
  if (!file) throw new RungMissed(`${command} said it got ${name} ${version}, but there is no wheel`);
  return join(folder, file);
}

const wheelOf = (file: string) => (file.endsWith('.whl') ? file.split('-')[0]?.toLowerCase() : undefined);

async function findPip(env: NodeJS.ProcessEnv, signal: AbortSignal) {
  for (const candidate of CANDIDATES) {
    const [command, ...before] = candidate;
    try {
      const { code } = await run(command, [...before, '--version'], { env, signal });
      if (code === 0) return candidate;
    } catch {
      signal.throwIfAborted();
    }
  }
  throw new RungMissed('there is no pip (pip3, pip, python3 -m pip)');
}
