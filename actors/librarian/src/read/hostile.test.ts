// What somebody wrote to hurt whoever reads it. None of these tests measures time: what is not linear in here does not end at all.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutDocument } from '../chunk/document.js';
import { listFiles, openSource, readText } from './files.js';
import { changesOf } from './git.js';
import { readIssues } from './issues.js';
import { withoutSecrets } from './secrets.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-hostile-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('text', () => {
  const long = 100_000;
  it.each([
    ['a word that looks like a password', `token = ${'a'.repeat(60)}1! ${'password='.repeat(9_000)}`],
    ['names without an end', `${'a.b-'.repeat(long / 4)} ${'secret_'.repeat(long / 8)}`],
    ['beginnings of tokens', '-eyJaaaaaaaaaaaa'.repeat(long / 16)],
    ['addresses without a password', 'https://a:'.repeat(long / 10)],
    ['beginnings of keys', '-----BEGIN PRIVATE KEY-----\n'.repeat(long / 27)],
    ['blanks', `password${' '.repeat(long)}x`],
  ])('is searched for secrets in linear time: %s', { timeout: 60_000 }, (_, text) => {
    expect(withoutSecrets(text).text.length).toBeGreaterThan(0);
  });

  it('has headings of any length, found in linear time', { timeout: 60_000 }, () => {
    const blanks = ' '.repeat(100_000);
    const { passages } = cutDocument(`# One${blanks}two\n\ntext\n\n## Two ##\n\ntext\n\n# ${blanks}#\n`, 'markdown');
    expect(passages[0]?.symbol.startsWith('One')).toBe(true);
    expect(cutDocument('## Two ##\n\nwords of it', 'markdown').passages[0]?.symbol).toBe('Two');
    expect(cutDocument('== Two\n\nwords of it', 'asciidoc').passages[0]?.symbol).toBe('Two');
    expect(cutDocument('== Two\n\nwords of it', 'markdown').passages[0]?.symbol).toBe('');
  });
});

describe('issue exports', () => {
  const read = async (name: string, content: string | Buffer) => {
    const file = join(folder, name);
    await writeFile(file, content);
    const found = [];
    for await (const issue of readIssues(file)) found.push(issue);
    return found;
  };
  /** 12 MiB of one line in 12 KiB. */
  const bomb = (head: string) => gzipSync(Buffer.concat([Buffer.from(head), Buffer.alloc(12 * 1024 * 1024, 'a')]));

  it.each<[string, string, () => Buffer, number | undefined]>([
    ['a packed line that does not end', 'bomb.jsonl.gz', () => bomb('{"title": "'), 1],
    ['a packed quote that does not end', 'bomb.csv.gz', () => bomb('title,body\nfirst,"'), undefined],
    ['a file that is not packed', 'plain.jsonl.gz', () => Buffer.from('{"title": "one"}\n'), 1],
    ['a file that breaks off', 'half.csv.gz', () => gzipSync('title\none\n'.repeat(9_000)).subarray(0, 60), undefined],
    ['a table with a stray quote', 'stray.csv', () => Buffer.from('title,body\none,a "b" c"d\n"two,x\n'), undefined],
    ['no JSON', 'no.jsonl', () => Buffer.from('{"title": "one"}\nnothing\n'), 2],
    ['a list of numbers', 'numbers.json', () => Buffer.from('[1, 2]'), 1],
  ])('says file and line of %s', { timeout: 90_000 }, async (_, name, content, line) => {
    await expect(read(name, content())).rejects.toMatchObject({
      name: 'IssueRowError',
      file: join(folder, name),
      ...(line === undefined ? {} : { line }),
    });
  });

  it('cuts what somebody pasted a log into', async () => {
    const [issue] = await read('log.jsonl', JSON.stringify({ title: 'crash', body: 'x'.repeat(1_000_000) }));
    expect(issue?.body.length).toBe(100_000);
  });
});

describe('folders', () => {
  it('end, whatever links they hold, and leave out what cannot be named', async () => {
    await mkdir(join(folder, 'a'));
    await symlink('..', join(folder, 'a', 'up'));
    await symlink('self.md', join(folder, 'self.md'));
    await symlink('/etc/hostname', join(folder, 'out.md'));
    await writeFile(join(folder, 'line\nbreak.md'), '# Named oddly');
    await writeFile(
      Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.md')]),
      '# Lost',
    );
    const source = await openSource(folder);
    const files = await listFiles(source);
    expect(files).toContain('line\nbreak.md');
    const read = new Map<string, unknown>();
    for (const path of files) read.set(path, await readText(source, path, 1_000));
    expect(read.get('line\nbreak.md')).toMatchObject({ text: '# Named oddly' });
    expect(read.get('self.md')).toBe('not readable');
    expect(read.get('out.md')).toBe('leads out of the folder');
    expect([...read].find(([path]) => path.includes('\uFFFD'))?.[1]).toBe('not readable');
  });

  it('that are repositories run nothing of their own, also without a commit or with a submodule', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=x', '-c', 'user.email=x@y', ...args]);
    const ran = join(folder, 'ran');
    await writeFile(join(folder, 'evil.sh'), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    git('init', '--quiet');
    const changes = async () => {
      const found = [];
      for await (const change of changesOf(folder, 10)) found.push(change);
      return found;
    };
    expect(await changes()).toEqual([]);
    expect(await listFiles(await openSource(folder))).toEqual(['evil.sh']);
    git('add', '.');
    // A signature that git would have checked by a program of the repository's choice.
    const tree = git('write-tree').toString().trim();
    const commit = `tree ${tree}\nauthor x <x@y> 1 +0000\ncommitter x <x@y> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nBegin\n`;
    const id = execFileSync('git', ['-C', folder, 'hash-object', '-t', 'commit', '-w', '--stdin'], { input: commit });
    git('update-ref', 'HEAD', id.toString().trim());
    git('update-index', '--add', '--cacheinfo', `160000,${id.toString().trim()},module.md`);
    await mkdir(join(folder, 'module.md'));
    for (const [key, value] of [
      ['log.showSignature', 'true'],
      ['gpg.program', './evil.sh'],
      ['core.fsmonitor', './evil.sh'],
      ['core.pager', './evil.sh'],
    ] as const)
      git('config', key, value);
    const source = await openSource(folder);
    expect(await changes()).toMatchObject([{ message: 'Begin', files: ['evil.sh'] }]);
    expect(await listFiles(source)).toContain('module.md');
    expect(await readText(source, 'module.md', 1_000)).toBe('not readable');
    expect(await listFiles(source)).not.toContain('ran');
  });
});
