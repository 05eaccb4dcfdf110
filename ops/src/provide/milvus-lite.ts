// Finds or installs Milvus Lite, to check the librarian's Milvus adapter against. 430 MB by pip, so it is done only where asked for (CI): elsewhere a
// missing one is an answer, not an error. Installed into a folder of its own, nothing of the machine's Python changes.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, keep } from './cache.js';
import { climb, LadderExhausted, type Rung, RungMissed } from './ladder.js';
import { lastWords, run } from './run.js';

const VERSION = '3.2.2';
/** Milvus Lite leaves its client's version open: pinned to what was checked. */
const CLIENT = '3.0.2';
const ADVICE = 'Install Python 3.10 or newer with pip, or set MILVUS_URL for your own Milvus.';
const SERVE = 'from milvus_lite.cmdline import main; main()';

export type ProvidedMilvusLite =
  | {
      found: true;
      /** Program, arguments before Milvus Lite's own, and environment to run it with. */
      command: string;
      args: readonly string[];
      env: NodeJS.ProcessEnv;
      source: string;
    }
  | { found: false; reason: string };

export interface MilvusLiteOptions {
  /** Install it with pip when there is none (about a minute). Default: false. */
  install?: boolean;
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
}

export async function provideMilvusLite(options: MilvusLiteOptions = {}): Promise<ProvidedMilvusLite> {
  const { install = false, log = () => {}, env = process.env } = options;
  const folder = join(cacheFolder(env), 'milvus-lite', VERSION);
  const rung: Rung<{ command: string; folder: string; source: string }> = {
    name: 'cached copy, else pip',
    timeoutMs: 15 * 60_000,
    attempt: async (signal) => {
      const python = await findPython(env, signal);
      const there = (await flawOf(folder)) === undefined;
      if (!there && !install)
        throw new RungMissed(`there is none in ${folder}, and installing it (430 MB) was not asked for`);
      if (!there && env.CORTEX_OFFLINE) throw new RungMissed('not installed: CORTEX_OFFLINE is set');
      if (!there) log(`installing Milvus Lite ${VERSION} with pip (430 MB, about a minute), kept in ${folder}`);
      await keep({ folder, flaw: flawOf, fill: (at) => withPip(python, at, env, signal) });
      return { command: python, folder, source: there ? 'cached copy' : 'pip' };
    },
  };
  try {
    const got = await climb([rung], { what: 'Milvus Lite', advice: ADVICE });
    return {
      found: true,
      command: got.command,
      args: ['-c', SERVE],
      env: { ...env, PYTHONPATH: got.folder, PYTHONDONTWRITEBYTECODE: '1' },
      source: got.source,
    };
  } catch (error) {
    if (error instanceof LadderExhausted) return { found: false, reason: error.message };
    throw error;
  }
}

async function findPython(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  for (const name of ['python3', 'python']) {
    const told = await run(name, ['-c', 'import sys; print(sys.version_info >= (3, 10))'], { env, signal }).catch(
      () => undefined,
    );
    if (told?.code === 0 && told.out.trim() === 'True') return name;
  }
  throw new RungMissed('there is no Python from 3.10');
}

const flawOf = async (folder: string) => {
  for (const part of ['milvus_lite', 'pymilvus'])
    if (!(await stat(join(folder, part)).catch(() => undefined))?.isDirectory())
      return `there is no ${part} in ${folder}`;
  return undefined;
};

async function withPip(python: string, folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--only-binary=:all:',
    '--retries',
    '1',
    '--target',
    folder,
    `milvus-lite==${VERSION}`,
    `pymilvus==${CLIENT}`,
  ];
  const finished = await run(python, args, {
    env: { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PIP_ROOT_USER_ACTION: 'ignore' },
    signal,
  });
  if (finished.code !== 0) throw new RungMissed(`pip could not install it: ${lastWords(finished)}`);
}
