import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextAnswerSchema, searchAnswerSchema } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));

describe('cortex index, search and ask on the index itself', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cortex-cli-librarian-'));
    await mkdir(join(root, 'app', 'src'), { recursive: true });
    await writeFile(
      join(root, 'app', 'src', 'retry.py'),
      'def retry(task):\n    """Tries again with a growing pause."""\n    return task()\n',
    );
    await writeFile(join(root, 'app', 'README.md'), '# App\n\nIt retries with a growing pause, at most five times.\n');
    await writeFile(
      join(root, 'issues.jsonl'),
      '{"number": 7, "title": "Pause grows without end", "body": "retry never stops"}\n',
    );
    await writeFile(join(root, 'broken.jsonl'), '{"number": 7, "title": "fine"}\n{"number": 8}\n');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const cortex = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const { NATS_URL: _, MILVUS_URL: __, OPENAI_API_KEY: ___, OPENAI_BASE_URL: ____, ...env } = process.env;
      execFile(
        process.execPath,
        [MAIN, ...args],
        { cwd: root, env: { ...env, CORTEX_HOME: join(root, 'home'), CORTEX_ENCODER: 'none' } },
        (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });

  it('indexes a folder and an issue export, and answers cited, as text and as one JSON document', async () => {
    const indexed = await cortex('index', 'app', 'issues.jsonl', '--json');
    expect(indexed.code, indexed.err).toBe(0);
    expect(JSON.parse(indexed.out)).toMatchObject({ counts: { codebase: 1, documentation: 1, issues: 1 } });
    const found = await cortex('search', 'growing', 'pause', '--json');
    const { hits } = searchAnswerSchema.parse(JSON.parse(found.out));
    expect(hits.map(({ source }) => source).sort()).toEqual(['#7', 'README.md', 'src/retry.py']);
    const text = await cortex('search', 'growing pause', '--collection', 'codebase');
    expect(text.out).toMatchInlineSnapshot(`
      "src/retry.py:1-3 (codebase, app, known)
        has "grow", "paus"; near what was found, over several steps; by words alone
          def retry(task):
              """Tries again with a growing pause."""
              return task()
      "
    `);
    const asked = await cortex('ask', 'how often does it retry?', '--budget', '200', '--json');
    const answer = contextAnswerSchema.parse(JSON.parse(asked.out));
    expect(answer.tokens).toBeLessThanOrEqual(200);
    expect(answer.pieces.length).toBeGreaterThan(0);
    const bare = await cortex('ask', 'how often does it retry?');
    expect(bare.err).toContain('no model is configured');
    expect(bare.out).toMatchInlineSnapshot(`
      "README.md:1-4 (documentation, app, known)
        has "retry", "it"; near what was found, over several steps; by words alone
          # App
          
          It retries with a growing pause, at most five times.
      src/retry.py:1-3 (codebase, app, known)
        has "retry"; near what was found, over several steps; by words alone
          def retry(task):
              """Tries again with a growing pause."""
              return task()
      #7 (issues, issues, outside)
        has "retry"; by words alone
          Pause grows without end
          
          retry never stops
      "
    `);
    expect((await cortex('search', '--map')).out).toContain('src/retry.py: retry');
  });

  it('says in one line what is wrong and where, with the exit code of the contract', async () => {
    const missing = await cortex('index', 'nowhere');
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('nowhere')]);
    const broken = await cortex('index', 'broken.jsonl');
    expect([broken.code, broken.err]).toEqual([2, expect.stringContaining('broken.jsonl:2')]);
    expect((await cortex('search')).code).toBe(2);
    expect((await cortex('search', 'x', '--collection', 'cellar')).code).toBe(2);
    expect((await cortex('index', '--move-to', '127.0.0.1:9')).code).toBe(3);
  });
});
