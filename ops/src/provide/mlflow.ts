// Finds or installs an MLflow server to check experiment logs against. It is most of a Python environment, so it is installed only where
// asked for (CI): elsewhere a missing one is an answer, not an error.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, keep } from './cache.js';
import { climb, LadderExhausted, type Rung, RungMissed, RungRefused } from './ladder.js';
import { lastWords, run } from './run.js';

export type ProvidedMlflow =
  | {
      found: true;
      /** A Python that can `-m mlflow server`. */
      python: string;
      source: string;
    }
  | { found: false; reason: string };

export interface MlflowProvideOptions {
  /** Install it when there is none (about a minute, 350 MB). Default: false. */
  install?: boolean;
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_MLFLOW, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
}

const VERSION = '3.17.2';
/** What its server imports. The package itself asks for three times as much (scikit-learn, matplotlib, pyarrow …), which no server uses. */
const NEEDED = [
  `mlflow-skinny==${VERSION}`,
  'aiohttp<4',
  'alembic<2',
  'flask<4',
  'flask-cors<7',
  'graphene<4',
  'huey<4',
  'numpy<3',
  'pandas<4',
  'sqlalchemy<3',
];
const ADVICE = 'Install MLflow and set CORTEX_MLFLOW to its Python, or install Python 3.10 or newer with venv and pip.';

/** @throws RungRefused when CORTEX_MLFLOW names something that is not there. */
export async function provideMlflow(options: MlflowProvideOptions = {}): Promise<ProvidedMlflow> {
  const { install = false, log = () => {}, env = process.env } = options;
  const folder = join(cacheFolder(env), 'mlflow', VERSION);
  const rungs: Rung<{ python: string; source: string }>[] = [
    { name: 'CORTEX_MLFLOW', timeoutMs: 10_000, attempt: () => named(env) },
    {
      name: 'cached copy, else PyPI',
      timeoutMs: 10 * 60_000,
      attempt: async (signal) => {
        const there = (await flawOf(folder)) === undefined;
        if (!there && !install)
          throw new RungMissed(`there is none in ${folder}, and installing it (a minute, 350 MB) was not asked for`);
        if (!there && env.CORTEX_OFFLINE) throw new RungMissed('not installed: CORTEX_OFFLINE is set');
        if (!there) log(`installing MLflow ${VERSION} (about a minute the first time), kept in ${folder}`);
        await keep({ folder, flaw: flawOf, fill: (at) => fromPyPi(at, env, signal) });
        return { python: pythonOf(folder), source: there ? 'cached copy' : 'PyPI' };
      },
    },
  ];
  try {
    return { found: true, ...(await climb(rungs, { what: 'MLflow', advice: ADVICE })) };
  } catch (error) {
    if (error instanceof LadderExhausted) return { found: false, reason: error.message };
    throw error;
  }
}

async function named(env: NodeJS.ProcessEnv) {
  const python = env.CORTEX_MLFLOW;
  if (!python) throw new RungMissed('not set');
  if (!(await stat(python).catch(() => undefined))?.isFile())
    throw new RungRefused(`CORTEX_MLFLOW: ${python} is not a file`);
  return { python, source: 'CORTEX_MLFLOW' };
}

/** The environment's packages lie beside its Python, which may be moved; scripts in it may not, so they are not used. */
const pythonOf = (folder: string) => join(folder, 'bin', 'python');
const WHOLE = 'installed';

const flawOf = async (folder: string) =>
  (await stat(join(folder, WHOLE)).catch(() => undefined))?.isFile() ? undefined : 'it is not installed';

async function fromPyPi(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const quiet = { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' };
  const made = await run('python3', ['-m', 'venv', folder], { env: quiet, signal }).catch(() => undefined);
  if (made?.code !== 0) throw new RungMissed(made ? `no environment: ${lastWords(made)}` : 'there is no python3');
  const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1'];
  for (const what of [NEEDED, ['--no-deps', `mlflow==${VERSION}`]]) {
    const finished = await run(pythonOf(folder), [...pip, ...what], { env: quiet, signal });
    if (finished.code !== 0) throw new RungMissed(`pip could not install it: ${lastWords(finished)}`);
  }
  const tried = await run(pythonOf(folder), ['-c', `open(${JSON.stringify(join(folder, WHOLE))}, 'w').close()`], {
    env: quiet,
    signal,
  });
  if (tried.code !== 0) throw new RungMissed(`it does not run: ${lastWords(tried)}`);
}
