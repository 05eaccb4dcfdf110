// The peers come from their own registries into the cache, where this benchmark is run, and nowhere else: nobody else has to install them.
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '@cortex/ops';

const run = promisify(execFile);
const SEMANTIC_ROUTER = '1.1.1';
const BULLMQ = '5';
const folder = join(cacheFolder(), 'peers');
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** A Python that can import semantic-router. Throws with the installer's words. */
export async function semanticRouterPython(): Promise<string> {
  const home = join(folder, `semantic-router-${SEMANTIC_ROUTER}`);
  const python = join(home, 'bin', 'python');
  if (await isThere(join(home, 'installed'))) return python;
  await run('python3', ['-m', 'venv', home]);
  const wanted = [`semantic-router==${SEMANTIC_ROUTER}`, 'onnxruntime<2', 'tokenizers<1'];
  await run(python, ['-m', 'pip', 'install', '--quiet', ...wanted]);
  await writeFile(join(home, 'installed'), '');
  return python;
}

/** What is used of BullMQ. */
export interface BullMq {
  readonly Queue: new (
    name: string,
    options: object,
  ) => { add(name: string, data: object, options: object): Promise<unknown>; close(): Promise<void> };
  readonly Worker: new (
    name: string,
    work: (job: { readonly data: { readonly id: number } }) => Promise<unknown>,
    options: object,
  ) => {
    on(event: 'completed', heard: (job: { readonly data: { readonly id: number } }) => void): void;
    waitUntilReady(): Promise<unknown>;
    close(): Promise<void>;
  };
}

export async function bullMq(): Promise<BullMq & { readonly version: string }> {
  const home = join(folder, `bullmq-${BULLMQ}`);
  const manifest = join(home, 'node_modules', 'bullmq', 'package.json');
  if (!(await isThere(manifest))) {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), '{"private":true}');
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `bullmq@${BULLMQ}`], { cwd: home });
  }
  const require = createRequire(join(home, 'package.json'));
  const { version } = require(manifest) as { version: string };
  const loaded = (await import(pathToFileURL(require.resolve('bullmq')).href)) as BullMq & { default?: BullMq };
  return { ...(loaded.default ?? loaded), version };
}

/** Throws where no redis-server can be started. */
export async function redisVersion(): Promise<string> {
  const { stdout } = await run('redis-server', ['--version']).catch(() => {
    throw new Error('there is no redis-server: install the package redis-server');
  });
  return /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown';
}
