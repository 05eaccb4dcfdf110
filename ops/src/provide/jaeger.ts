// Finds or builds a Jaeger to check traces against. Building takes minutes, so it is done only where asked for (CI):
// elsewhere a missing Jaeger is an answer, not an error.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, keep } from './cache.js';
import { climb, LadderExhausted, type Rung, RungMissed, RungRefused } from './ladder.js';
import { lastWords, run } from './run.js';
import { onPath } from './version.js';

export type ProvidedJaeger =
  | {
      found: true;
      /** The all-in-one binary: takes OTLP on 4317/4318, answers queries on 16686. */
      path: string;
      source: string;
    }
  | { found: false; reason: string };

export interface JaegerOptions {
  /** Build it with Go when there is none (4 to 5 minutes with an empty Go cache). Default: false. */
  build?: boolean;
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_JAEGER, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
}

/** The module that pins it: go.mod and go.sum, so that what is built is what was checked. */
const MODULE = fileURLToPath(new URL('../../gates/jaeger/', import.meta.url));
const PACKAGE = 'github.com/jaegertracing/jaeger/cmd/all-in-one';
const BINARY = 'jaeger-all-in-one';
const ADVICE = 'Install Jaeger 1.76 and set CORTEX_JAEGER to its all-in-one binary, or install Go.';

/** @throws RungRefused when CORTEX_JAEGER names something that is not there. */
export async function provideJaeger(options: JaegerOptions = {}): Promise<ProvidedJaeger> {
  const { build = false, log = () => {}, env = process.env } = options;
  const cache = join(cacheFolder(env), 'jaeger');
  const rungs: Rung<{ path: string; source: string }>[] = [
    { name: 'CORTEX_JAEGER', timeoutMs: 10_000, attempt: () => named(env) },
    { name: 'on the PATH', timeoutMs: 10_000, attempt: () => found(env) },
    {
      name: 'cached copy, else Go',
      timeoutMs: 20 * 60_000,
      attempt: async (signal) => {
        const folder = join(cache, await pinnedVersion());
        const there = (await flawOf(folder)) === undefined;
        if (!there && !build)
          throw new RungMissed(`there is none in ${folder}, and building it (5 minutes) was not asked for`);
        if (!there && env.CORTEX_OFFLINE) throw new RungMissed('not built: CORTEX_OFFLINE is set');
        if (!there) log(`building Jaeger with Go (4 to 5 minutes the first time), kept in ${folder}`);
        await keep({ folder, flaw: flawOf, fill: (at) => fromGo(at, env, signal) });
        return { path: join(folder, BINARY), source: there ? 'cached copy' : 'Go' };
      },
    },
  ];
  try {
    return { found: true, ...(await climb(rungs, { what: 'Jaeger', advice: ADVICE })) };
  } catch (error) {
    if (error instanceof LadderExhausted) return { found: false, reason: error.message };
    throw error;
  }
}

async function named(env: NodeJS.ProcessEnv) {
  const path = env.CORTEX_JAEGER;
  if (!path) throw new RungMissed('not set');
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new RungRefused(`CORTEX_JAEGER: ${path} is not a file`);
  return { path, source: 'CORTEX_JAEGER' };
}

async function found(env: NodeJS.ProcessEnv) {
  const [path] = await onPath(BINARY, env);
  if (!path) throw new RungMissed('there is none');
  return { path, source: 'on the PATH' };
}

async function pinnedVersion(): Promise<string> {
  const text = await readFile(join(MODULE, 'go.mod'), 'utf8');
  return /jaegertracing\/jaeger v(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? 'unknown';
}

const flawOf = async (folder: string) =>
  (await stat(join(folder, BINARY)).catch(() => undefined))?.isFile() ? undefined : 'there is no binary';

// `-mod=readonly`: exactly what go.mod and go.sum pin, or a failure.
async function fromGo(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const go = await run('go', ['version'], { env, signal }).catch(() => undefined);
  if (go?.code !== 0) throw new RungMissed('there is no go');
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-o', join(folder, BINARY), PACKAGE];
  const finished = await run('go', args, { env: { ...env, GOFLAGS: '' }, cwd: MODULE, signal });
  if (finished.code !== 0) throw new RungMissed(`go could not build it: ${lastWords(finished)}`);
}
