// Finds or fetches Prometheus with its promtool, to run the boards' expressions and the tests of the alert rules for real. Debian's package is
// unpacked into the cache and not installed.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, keep, withScratch } from './cache.js';
import { climb, LadderExhausted, type Rung, RungMissed, RungRefused } from './ladder.js';
import { lastWords, run } from './run.js';
import { onPath } from './version.js';

export type ProvidedPrometheus =
  | { found: true; prometheus: string; promtool: string; source: string }
  | { found: false; reason: string };

export interface PrometheusOptions {
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_PROMETHEUS, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
}

const ADVICE = 'Install Prometheus and set CORTEX_PROMETHEUS to the folder with its prometheus and promtool.';
const FETCH_MS = 180_000;

/** @throws RungRefused when CORTEX_PROMETHEUS names a folder without them. */
export async function providePrometheus(options: PrometheusOptions = {}): Promise<ProvidedPrometheus> {
  const { log = () => {}, env = process.env } = options;
  const cached = join(cacheFolder(env), 'prometheus', 'debian');
  const rungs: Rung<{ prometheus: string; promtool: string; source: string }>[] = [
    { name: 'CORTEX_PROMETHEUS', timeoutMs: 10_000, attempt: () => named(env) },
    { name: 'on the PATH', timeoutMs: 10_000, attempt: () => found(env) },
    {
      name: "cached copy, else Debian's package",
      timeoutMs: FETCH_MS,
      attempt: async (signal) => {
        const there = (await flawOf(cached)) === undefined;
        if (!there && env.CORTEX_OFFLINE) throw new RungMissed('not fetched: CORTEX_OFFLINE is set');
        if (!there) log(`fetching Prometheus (19 MB), kept in ${cached}`);
        await keep({ folder: cached, flaw: flawOf, fill: (folder) => fromDebian(folder, env, signal) });
        return { ...within(join(cached, 'usr', 'bin')), source: there ? 'cached copy' : "Debian's package" };
      },
    },
  ];
  try {
    return { found: true, ...(await climb(rungs, { what: 'Prometheus', advice: ADVICE })) };
  } catch (error) {
    if (error instanceof LadderExhausted) return { found: false, reason: error.message };
    throw error;
  }
}

const within = (folder: string) => ({ prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') });
const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() === true;

async function named(env: NodeJS.ProcessEnv) {
  const folder = env.CORTEX_PROMETHEUS;
  if (!folder) throw new RungMissed('not set');
  const both = within(folder);
  for (const path of Object.values(both))
    if (!(await isFile(path))) throw new RungRefused(`CORTEX_PROMETHEUS: ${path} is not a file`);
  return { ...both, source: 'CORTEX_PROMETHEUS' };
}

async function found(env: NodeJS.ProcessEnv) {
  const [[prometheus], [promtool]] = await Promise.all([onPath('prometheus', env), onPath('promtool', env)]);
  if (!prometheus || !promtool) throw new RungMissed('there is none');
  return { prometheus, promtool, source: 'on the PATH' };
}

async function flawOf(folder: string): Promise<string | undefined> {
  for (const path of Object.values(within(join(folder, 'usr', 'bin')))) if (!(await isFile(path))) return `no ${path}`;
  return undefined;
}

// apt checks the archive's signature, and the package against it.
async function fromDebian(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  await withScratch(async (scratch) => {
    const fetched = await run('apt-get', ['download', 'prometheus'], { env, cwd: scratch, signal }).catch(
      () => undefined,
    );
    if (fetched === undefined) throw new RungMissed('there is no apt-get');
    if (fetched.code !== 0) throw new RungMissed(`apt-get: ${lastWords(fetched)}`);
    const archive = (await readdir(scratch)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new RungMissed('apt-get brought nothing');
    const unpacked = await run('dpkg', ['-x', join(scratch, archive), folder], { env, signal });
    if (unpacked.code !== 0) throw new RungMissed(`dpkg: ${lastWords(unpacked)}`);
  });
}
