// A gate that cannot turn red guards nothing: here each gets a small repository with what it must refuse.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundaries } from './boundaries.mjs';
import { compose } from './compose.mjs';
import { docs } from './docs.mjs';
import { format } from './format.mjs';
import { generated } from './generated.mjs';
import { isFree, licences } from './licences.mjs';
import { lockfile } from './lockfile.mjs';
import { portable } from './portable.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const hasGo = (() => {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('gates', () => {
  let repository;

  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'cortex-gates-'));
    execFileSync('git', ['init', '-q', repository]);
  });
  afterEach(() => rmSync(repository, { recursive: true, force: true }));

  function put(file, text) {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    writeFileSync(join(repository, file), text);
  }

  it('boundaries: an actor that imports another turns it red', { timeout: 120_000 }, async () => {
    cpSync(join(root, '.dependency-cruiser.cjs'), join(repository, '.dependency-cruiser.cjs'));
    symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'));
    for (const room of ['schemas', 'bus', 'models', 'actors/one', 'actors/two', 'ops', 'test'])
      put(`${room}/src/index.ts`, 'export {};\n');
    await expect(boundaries.run(repository)).resolves.toMatch(/7 modules, 9 planted violations red/);
    put('actors/one/src/bad.ts', "import '@cortex/actor-two';\n");
    await expect(boundaries.run(repository)).rejects.toThrow('no-actor-imports-another: actors/one/src/bad.ts');
  });

  it('boundaries: a cruiser that reads no source turns it red instead of green', async () => {
    cpSync(join(root, '.dependency-cruiser.cjs'), join(repository, '.dependency-cruiser.cjs'));
    symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'));
    put('schemas/src/notes.txt', 'no sources');
    await expect(boundaries.run(repository)).rejects.toThrow('only 0 modules were looked at');
  });

  it('format: a file that is not formatted turns it red', async () => {
    cpSync(join(root, 'biome.json'), join(repository, 'biome.json'));
    symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'));
    put('.gitignore', 'node_modules\n');
    put('a.ts', 'export const a   = 1\n');
    await expect(format.run(repository)).rejects.toThrow(/a\.ts format/);
  });

  it('generated: a generator that finds stale files turns it red, and so does a missing one', async () => {
    await expect(generated.run(repository)).rejects.toThrow('schemas/dist/generate.js is missing');
    put('schemas/dist/generate.js', "process.stderr.write('task.json is stale');process.exit(1);");
    await expect(generated.run(repository)).rejects.toThrow('task.json is stale');
  });

  it('portable: a host of a registry and a path of one machine turn it red, by file and line', async () => {
    put('a.md', `fine\nsee ${['pypi', 'org'].join('.')}\n`);
    await expect(portable.run(repository)).rejects.toThrow("a.md:2: a registry's host");
    put('a.md', `cd /${'home'}/somebody/cortex\n`);
    await expect(portable.run(repository)).rejects.toThrow('a.md:1: a path of one machine');
    put('a.md', 'cd ~/cortex\n');
    await expect(portable.run(repository)).resolves.toBe('1 files');
  });

  it('docs: a link to a missing page or heading turns it red, one inside code does not', async () => {
    put('docs/a.md', '# Title\n[gone](gone.md)\n');
    await expect(docs.run(repository)).rejects.toThrow('docs/a.md: gone.md is not there');
    put('docs/a.md', '# A title, with `code`\n[b](../b.md#how-to) [self](#a-title-with-code)\n');
    put('b.md', '## How to\n`[x](y.md)`\n```\n[x](z.md)\n```\n[web](https://example.org/x)\n');
    await expect(docs.run(repository)).resolves.toBe('2 links in 2 pages');
    put('b.md', '## Something else\n');
    await expect(docs.run(repository)).rejects.toThrow('../b.md#how-to: no such heading');
  });

  it('licences: a package that runs with Cortex and is not free turns it red, a tool of ours does not', async () => {
    const lock = { packages: { '': {}, 'node_modules/a': {}, 'node_modules/tool': { dev: true } } };
    put('package-lock.json', JSON.stringify(lock));
    put('node_modules/a/package.json', '{"license":"(MIT OR GPL-3.0)"}');
    await expect(licences.run(repository)).resolves.toBe('1 packages');
    put('node_modules/a/package.json', '{"license":"SSPL-1.0"}');
    await expect(licences.run(repository)).rejects.toThrow('node_modules/a: SSPL-1.0');
    put('node_modules/a/package.json', '{}');
    await expect(licences.run(repository)).rejects.toThrow('node_modules/a: names no licence');
  });

  it('licences: a package that docs/dependencies.md does not explain turns it red', async () => {
    put('package-lock.json', JSON.stringify({ packages: { bus: { dependencies: { a: '1' } }, 'node_modules/a': {} } }));
    put('node_modules/a/package.json', '{"license":"MIT"}');
    put('docs/dependencies.md', '| `ab` | MIT |');
    await expect(licences.run(repository)).rejects.toThrow('a: docs/dependencies.md does not say why');
    put('docs/dependencies.md', '| `a` | MIT |');
    await expect(licences.run(repository)).resolves.toBe('1 packages');
  });

  it("lockfile: a dependency without its entry turns it red, another platform's too", async () => {
    const packages = { '': { dependencies: { a: '1' } }, 'node_modules/a': { optionalDependencies: { 'a-mac': '1' } } };
    put('package-lock.json', JSON.stringify({ packages }));
    await expect(lockfile.run(repository)).rejects.toThrow('node_modules/a needs a-mac');
    packages['node_modules/a/node_modules/a-mac'] = {};
    put('package-lock.json', JSON.stringify({ packages }));
    await expect(lockfile.run(repository)).resolves.toBe('3 packages');
  });

  it.each([
    ['MIT', true],
    ['(MIT AND CC0-1.0)', true],
    ['(GPL-2.0 OR Apache-2.0)', true],
    ['MIT AND GPL-2.0', false],
    ['UNLICENSED', false],
    ['', false],
  ])('licences: %j is free: %s', (expression, free) => expect(isFree(expression)).toBe(free));

  it.skipIf(!hasGo)('compose: what a YAML parser would let pass turns it red', { timeout: 300_000 }, async () => {
    cpSync(join(root, 'ops', 'gates', 'compose'), join(repository, 'ops', 'gates', 'compose'), { recursive: true });
    const file = (lines) => put('docker-compose.yml', `services:\n  a:\n    image: busybox:1.37\n${lines}`);
    file('');
    await expect(compose.run(repository)).resolves.toBe('1 services, 0 volumes');
    file('    healthchek: {}\n');
    await expect(compose.run(repository)).rejects.toThrow(/healthchek/);
    file('    depends_on: {b: {condition: service_healthy}}\n');
    await expect(compose.run(repository)).rejects.toThrow(/depends on undefined service/);
    file('    ports: ["80:80"]\n');
    await expect(compose.run(repository)).rejects.toThrow('a: port 80 is published beyond 127.0.0.1');
    file('    volumes: ["./gone.yml:/etc/x.yml"]\n');
    await expect(compose.run(repository)).rejects.toThrow(/gone\.yml is mounted, but it is not there/);
    put('docker-compose.yml', 'services:\n  a:\n    image: busybox\n');
    await expect(compose.run(repository)).rejects.toThrow('a: image "busybox" names no version');
  });
});
