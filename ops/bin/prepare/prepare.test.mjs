// Small stand-ins for npm and tsc: what is under test is when they are called, how often, and what is said.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isBuilt } from './build.mjs';
import { missing } from './dependencies.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const lock = (packages) => JSON.stringify({ packages: { '': {}, ...packages } });

describe('what is prepared before a command', () => {
  let root;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cortex-prepare-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(file, text) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  it('installs when node_modules is missing, lacks a package or has another version; not for other platforms', () => {
    put(
      'package-lock.json',
      lock({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/a-mac': { version: '1.0.0', optional: true } }),
    );
    expect(missing(root)).toBe('node_modules is missing');
    put('node_modules/.package-lock.json', lock({}));
    expect(missing(root)).toBe('node_modules/a is missing');
    put('node_modules/.package-lock.json', lock({ 'node_modules/a': { version: '0.9.0' } }));
    expect(missing(root)).toBe('node_modules/a is 0.9.0, wanted 1.0.0');
    put('node_modules/.package-lock.json', lock({ 'node_modules/a': { version: '1.0.0' } }));
    expect(missing(root)).toBeUndefined();
  });

  // A workspace of one package, an npm that installs a tsc, a tsc that builds; both count how often they ran.
  function workspace({ npm = '' } = {}) {
    put('package-lock.json', lock({ 'node_modules/typescript-7': { version: '1.0.0' } }));
    put('tsconfig.json', '{"references":[{"path":"one"}]}');
    put('tsconfig.base.json', '{}');
    for (const file of ['package.json', 'tsconfig.json', 'src/index.ts']) put(`one/${file}`, '{}');
    const count = (name) => `require('fs').appendFileSync('${name}-runs', 'x');`;
    const tsc = `${count('tsc')}require('fs').mkdirSync('one/dist',{recursive:true});require('fs').writeFileSync('one/dist/index.js','');`;
    put(
      'npm.cjs',
      `${count('npm')}${npm};const fs=require('fs');fs.mkdirSync('node_modules/typescript-7/bin',{recursive:true});
      fs.writeFileSync('node_modules/typescript-7/bin/tsc',${JSON.stringify(tsc)});
      fs.copyFileSync('package-lock.json','node_modules/.package-lock.json');`,
    );
  }

  function prepare() {
    const script = `
      import { build } from ${JSON.stringify(join(here, 'build.mjs'))};
      import { installDependencies } from ${JSON.stringify(join(here, 'dependencies.mjs'))};
      try {
        await installDependencies(process.cwd(), console.error);
        await build(process.cwd(), console.error);
      } catch (error) { console.error(error.message); process.exitCode = 1; }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      env: { ...process.env, npm_execpath: join(root, 'npm.cjs') },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  }

  const runs = (name) =>
    existsSync(join(root, `${name}-runs`)) ? readFileSync(join(root, `${name}-runs`), 'utf8').length : 0;

  it('installs and builds once when several commands start at the same time, and says nothing on standard output', async () => {
    workspace();
    const all = await Promise.all([1, 2, 3].map(prepare));
    expect(all.map(({ code, out }) => [code, out])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    expect([runs('npm'), runs('tsc')]).toEqual([1, 1]);
  });

  it('builds again when a source was saved or an output is gone, and not otherwise', async () => {
    workspace();
    await prepare();
    expect(isBuilt(root)).toBe(true);
    const later = new Date(Date.now() + 5_000);
    utimesSync(join(root, 'one/src/index.ts'), later, later);
    expect(isBuilt(root)).toBe(false);
    await prepare();
    expect([isBuilt(root), runs('tsc')]).toEqual([true, 2]);
    rmSync(join(root, 'one/dist'), { recursive: true });
    expect(isBuilt(root)).toBe(false);
  });

  it('says in one line that the network is missing, instead of npm’s page', async () => {
    workspace({ npm: "console.error('npm error code ENOTFOUND'); process.exit(1)" });
    const { code, err } = await prepare();
    expect(code).toBe(1);
    expect(err.trim().split('\n').at(-1)).toMatch(/the package registry cannot be reached: connect to the network/);
  });
});
