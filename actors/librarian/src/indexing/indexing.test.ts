import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '@cortex/bus/testing';
import type { Encoder } from '@cortex/models';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Library } from '../library/library.js';
import { openSource } from '../read/files.js';
import { search } from '../search/answer.js';
import { indexFolder } from './index-folder.js';
import { indexChanges, indexIssues } from './index-issues.js';
import { watchFolder } from './watch.js';

/** Counts what it is asked to encode; a vector says which letters a text has. */
function countingEncoder(): Encoder & { texts: string[] } {
  const texts: string[] = [];
  return {
    id: 'letters',
    dimensions: 384,
    texts,
    async encode(asked) {
      texts.push(...asked);
      return asked.map((text) => {
        const vector = new Float32Array(384);
        for (const char of text.toLowerCase()) vector[char.charCodeAt(0) % 384]! += 1;
        const length = Math.hypot(...vector) || 1;
        return vector.map((value) => value / length);
      });
    },
    close: async () => undefined,
  };
}

describe('indexing a folder', () => {
  let root: string;
  let library: Library;
  let encoder: ReturnType<typeof countingEncoder>;
  const source = () => join(root, 'source');
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(source(), path)), { recursive: true });
    await writeFile(join(source(), path), text);
  };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', source(), '-c', 'user.name=x', '-c', 'user.email=x@y', ...args]);
  const index = async (more: object = {}) =>
    indexFolder(await openSource(source(), 'acme/app'), { store: library.store, encoder, ...more });
  const paths = async (query: string, more: object = {}) =>
    (await search(library, { query, ...more })).hits.map((hit) => hit.source);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cortex-indexing-'));
    await mkdir(source());
    encoder = countingEncoder();
    library = await Library.open({ folder: join(root, 'vectors'), encoder });
  });
  afterEach(async () => {
    await library.close();
    await rm(root, { recursive: true, force: true });
  });

  it('cites a function with its comment, name and lines, and a section with its headings', async () => {
    await put(
      'src/lease.ts',
      "import { a } from './a.js';\n\nconst x = 1;\n\n/** Renews a lease. */\nexport function renewLease(id: string): number {\n  return a(id) + x;\n}\n\nexport class Other {\n  private readonly finished = new Map<string, number>();\n  finish(id: string): void {\n    this.finished.set(id, Date.now());\n  }\n}\n",
    );
    await put('docs/guide.md', '# Guide\n\nWelcome.\n\n## Leases\n\nThe worker renews.\n');
    await index();
    const { hits } = await search(library, { query: 'renewLease', collections: ['codebase'] });
    expect(hits[0]).toMatchObject({
      source: 'src/lease.ts',
      symbol: 'renewLease',
      kind: 'function',
      collection: 'codebase',
    });
    expect(hits[0]?.lines?.[0]).toBeLessThanOrEqual(5);
    expect(hits[0]?.text).toContain('/** Renews a lease. */');
    const guide = (await search(library, { query: 'worker renews', collections: ['documentation'] })).hits[0];
    expect(guide?.title).toContain('Guide');
  });

  it('reads only what changed, forgets what was deleted, and does not encode a renamed file again', async () => {
    await put('a.py', 'def alpha():\n    """First letter."""\n    return 1\n');
    await put('b.py', 'def beta():\n    """Second letter."""\n    return 2\n');
    expect(await index()).toMatchObject({ changed: 2, embedded: 2 });
    expect(await index()).toMatchObject({ changed: 0, unchanged: 2, passages: 0 });
    await rename(join(source(), 'a.py'), join(source(), 'moved.py'));
    await rm(join(source(), 'b.py'));
    const before = encoder.texts.length;
    expect(await index()).toMatchObject({ changed: 1, removed: 2, embedded: 0 });
    expect(encoder.texts.length).toBe(before);
    expect(await paths('alpha')).toEqual(['moved.py']);
    expect(await paths('beta')).not.toContain('b.py');
  });

  it('honours .gitignore in a repository and in a plain folder', async () => {
    for (const init of [false, true]) {
      if (init) git('init', '--quiet');
      await put('.gitignore', 'secret-plans/\n*.log.txt\n');
      await put('sub/.gitignore', 'local.md\n');
      await put('secret-plans/plan.md', 'zebra plan');
      await put('run.log.txt', 'zebra log');
      await put('sub/local.md', 'zebra local');
      await put('sub/shown.md', 'zebra shown');
      await index();
      expect(await paths('zebra')).toEqual(['sub/shown.md']);
    }
  });

  it('puts secrets out and leaves secret files unread', async () => {
    await put(
      'config.ts',
      "export const region = 'eu';\nexport const apiKey = 'q8Zr41xWm7Lp90TbVn3Cd2';\nexport const password = process.env.PASSWORD;\n// AKIAIOSFODNN7EXAMPLE zebra\n",
    );
    await put('.env', 'TOKEN=q8Zr41xWm7Lp90TbVn3Cd2 zebra\n');
    await put('deploy.pem', '-----BEGIN PRIVATE KEY-----\nzebra\n-----END PRIVATE KEY-----\n');
    const report = await index();
    expect(report.secrets).toBe(2);
    const { hits } = await search(library, { query: 'zebra region password' });
    expect(new Set(hits.map((hit) => hit.source))).toEqual(new Set(['config.ts']));
    expect(hits.map(({ text }) => text).join()).toContain('process.env.PASSWORD');
    for (const { text } of hits) expect(text).not.toMatch(/q8Zr41|AKIA/);
    expect(encoder.texts.join('\n')).not.toMatch(/q8Zr41|AKIA/);
  });

  it('does not follow a link out of the folder, nor reads huge, binary or generated files', async () => {
    await writeFile(join(root, 'outside.md'), 'zebra outside');
    await symlink(join(root, 'outside.md'), join(source(), 'link.md'));
    await symlink(root, join(source(), 'up'));
    await put('inside.md', 'zebra inside');
    await symlink('inside.md', join(source(), 'alias.md'));
    await put('huge.md', 'zebra '.repeat(1000));
    await put('binary.md', 'zebra \0 binary');
    await put('package-lock.json', '{"zebra": 1}');
    const report = await index({ maxBytes: 2_000 });
    expect(await paths('zebra', { most: 20 })).toEqual([expect.stringMatching(/^(?:inside|alias)\.md$/)]);
    expect(report.left_out).toMatchObject({ 'leads out of the folder': 1, 'too large': 1, binary: 1, generated: 1 });
  });

  it('goes on after kill -9 in the middle, without reading again what was written', { timeout: 120_000 }, async () => {
    for (let i = 0; i < 120; i++)
      await put(
        `f${i}.py`,
        Array.from(
          { length: 6 },
          (_, k) =>
            `def function_${i}_${k}():\n    """Number ${i} of ${k}, ${'word '.repeat(40)}."""\n    return ${i * k}\n`,
        ).join('\n\n'),
      );
    const script = new URL('../../dist/indexing/index-for-tests.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, source(), join(root, 'vectors')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = 0;
    child.stdout.on('data', (data: Buffer) => {
      written = Number(data.toString().trim().split('\n').at(-1));
      if (written > 0) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('exit', resolve));
    expect(written).toBeGreaterThan(0);
    const there = await library.store.count('codebase');
    const report = await index();
    expect(report.unchanged + report.changed).toBe(120);
    expect(report.passages).toBeLessThanOrEqual(await library.store.count('codebase'));
    expect(there).toBeGreaterThanOrEqual(0);
    expect(await index()).toMatchObject({ changed: 0, unchanged: 120 });
    expect((await paths('function_119_5'))[0]).toBe('f119.py');
    const seen = new Set<string>();
    for await (const rows of library.store.scan('codebase', ['path', 'start_line']))
      for (const { path, start_line } of rows) {
        expect(seen.has(`${path}:${start_line}`)).toBe(false);
        seen.add(`${path}:${start_line}`);
      }
  });

  it('under watch finds new words in a changed file, and never again a deleted one', async () => {
    await put('notes.md', '# Notes\n\nAbout giraffes.\n');
    await put('gone.md', '# Gone\n\nAbout walruses.\n');
    await index();
    const texts = async (query: string) => (await search(library, { query })).hits.map(({ text }) => text).join();
    const watch = await watchFolder(await openSource(source(), 'acme/app'), { store: library.store, encoder });
    try {
      await put('notes.md', '# Notes\n\nAbout okapis.\n');
      await until('the new words', async () => (await texts('okapis')).includes('okapis'));
      await until('the old words to be forgotten', async () => !(await texts('giraffes')).includes('giraffes'));
      await rm(join(source(), 'gone.md'));
      await until('the deleted file to be forgotten', async () => !(await paths('walruses')).includes('gone.md'));
      await put('deep/er/new.md', '# New\n\nAbout pangolins.\n');
      await until('a file in a new folder', async () => (await paths('pangolins')).includes('deep/er/new.md'));
    } finally {
      await watch.stop();
    }
  });

  it('reads issues as JSON lines, CSV and GitHub gives them, and follows what a commit touched', async () => {
    const file = (name: string, text: string) => writeFile(join(root, name), text).then(() => join(root, name));
    const jsonl = await file('a.jsonl', '{"id":"A-1","title":"Crash on start","body":"The lease is lost"}\n');
    const csv = await file('b.csv', 'Issue Key,Summary,Description\nB-2,"Slow, very","Two\nlines of lease"\n');
    const api = await file(
      'c.json',
      JSON.stringify([
        {
          number: 3,
          title: 'Lease runs out',
          body: null,
          labels: [{ name: 'bug' }],
          state: 'open',
          updated_at: '2026-01-02T03:04:05Z',
          user: { login: 'somebody' },
          html_url: 'https://github.com/acme/app/issues/3',
        },
      ]),
    );
    for (const path of [jsonl, csv, api])
      expect((await indexIssues(path, 'acme/app', { store: library.store, encoder })).changed).toBe(1);
    const { hits } = await search(library, { query: 'lease', collections: ['issues'] });
    expect(hits.map((hit) => hit.source).sort()).toEqual(['#3', 'A-1', 'B-2']);
    expect(hits.map(({ text }) => text).join()).not.toContain('somebody');
    expect(hits.every(({ trust }) => trust === 'outside')).toBe(true);
    await expect(
      indexIssues(await file('d.jsonl', '{"id":1,"title":"x"}\nnonsense\n'), 'r', { store: library.store, encoder }),
    ).rejects.toThrow('d.jsonl:2');
  });

  it('finds a file that no word of the question leads to by the commit that touched it', async () => {
    git('init', '--quiet');
    await put('src/dial.ts', 'export function knock(): void {\n  console.log(7);\n}\n');
    await put('src/colour.ts', 'export const paint = 3;\n');
    for (let i = 0; i < 12; i++)
      await put(`src/other${i}.ts`, `export function unrelated${i}(): number {\n  return ${i};\n}\n`);
    git('add', '.');
    git('commit', '--quiet', '-m', 'Begin');
    await put('src/dial.ts', 'export function knock(): void {\n  console.log(8);\n}\n');
    git('commit', '--quiet', '-am', 'Reconnect after the server was away');
    const opened = await openSource(source(), 'acme/app');
    await indexFolder(opened, { store: library.store, encoder: undefined });
    await indexChanges(opened, { store: library.store, encoder: undefined });
    const words = await Library.open({ folder: join(root, 'vectors') });
    const with_ = (await search(words, { query: 'the server was away' })).hits;
    const without = (await search(words, { query: 'the server was away', graph: false })).hits;
    await words.close();
    expect(without.map((hit) => hit.source)).not.toContain('src/dial.ts');
    expect(with_.map((hit) => hit.source)).toContain('src/dial.ts');
    expect(with_.find((hit) => hit.source === 'src/dial.ts')?.why).toContain('commit');
  });
});
