// `cortex worker --llm`, `cortex prompts` and `cortex memory` as a person types them.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMemory, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startCortex } from '../harness/children.js';
import { readingBrain } from './brain.js';
import { type OpenAiServer, startOpenAi } from './openai-server.js';
import { type Stage, startStage } from './stage.js';

const CORTEX = fileURLToPath(new URL('../../../ops/dist/cli/main.js', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describeOnServer('the commands of LLM workers', (suite) => {
  let stage: Stage;
  let server: OpenAiServer;
  let folder: string;
  let worker: Child;
  const run = (args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [CORTEX, ...args], {
        cwd: folder,
        env: {
          ...process.env,
          NATS_URL: suite.server().url,
          NO_COLOR: '1',
          OPENAI_BASE_URL: '',
          OPENAI_API_KEY: '',
          ...env,
        },
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (bytes) => (out += bytes));
      child.stderr.on('data', (bytes) => (err += bytes));
      child.stdin.end();
      child.once('close', (code) => resolve({ code, out, err }));
    });
  const json = async (...args: string[]) => {
    const ran = await run([...args, '--json']);
    expect(ran.code, ran.err).toBe(0);
    return JSON.parse(ran.out);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-llm-'));
    stage = await startStage(suite);
    server = await startOpenAi(readingBrain);
    const args = ['worker', '--master', 'development', '--llm', '--name', 'w-1', '--context-tokens', '1000'];
    worker = startCortex('worker', args, { NATS_URL: suite.server().url, OPENAI_BASE_URL: server.url });
    await until('the prompts are there', async () => (await json('prompts', 'list')).length > 0);
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await stage?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('worker --llm does tasks against the server in OPENAI_BASE_URL, without a librarian too', {
    timeout: 60_000,
  }, async () => {
    const outcome = await stage.done({ id: 'c-1', text: 'What is the largest attachment?' });
    expect(outcome).toMatchObject({ worker: 'w-1', prompt: 'question@1', model: 'scripted-1' });
    expect(outcome.context).toMatchObject({ missing: 'no librarian is running' });
  });

  it('says in one line what is missing: a server, a way to work, a repository', { timeout: 60_000 }, async () => {
    const llm = ['worker', '--master', 'development', '--llm'];
    expect(await run(llm)).toMatchObject({ code: 3, err: expect.stringMatching(/^cortex: .*OPENAI_BASE_URL.*\n$/) });
    const away = await run(llm, { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
    expect(away).toMatchObject({ code: 3, err: expect.stringContaining('http://127.0.0.1:9/v1') });
    expect(await run(['worker', '--master', 'development'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--exec'),
    });
    const edit = await run([...llm, '--allow-edit', 'src/**'], { OPENAI_BASE_URL: server.url });
    expect(edit).toMatchObject({ code: 2, err: expect.stringContaining('repository') });
    const exec = await run(['worker', '--master', 'development', '--exec', 'cat', '--model', 'x']);
    expect(exec).toMatchObject({ code: 2, err: expect.stringContaining('--model') });
  });

  it('prompts: a version is added, compared, tried, and takes over', { timeout: 120_000 }, async () => {
    const first = await json('prompts', 'show', 'question@1');
    const next = { ...first, rules: ['Answer in one word.'], changelog: 'shorter answers' };
    await writeFile(join(folder, 'question.json'), JSON.stringify(next));
    expect((await json('prompts', 'add', 'question.json')).version).toBe(2);
    expect((await json('prompts', 'add', 'question.json')).version).toBe(2);
    const diff = await json('prompts', 'diff', 'question@1', 'question@2');
    expect(diff.lines).toContain('+ rule: Answer in one word.');
    const trial = await json('prompts', 'assign', 'question@2', '--candidate', '--share', '0.25');
    expect(trial).toMatchObject({ production: 1, candidate: { version: 2, share: 0.25 } });
    const taken = await json('prompts', 'assign', 'question@2', '--production', '--reason', 'looks good');
    expect(taken).toMatchObject({ production: 2 });
    expect(taken.candidate).toBeUndefined();
    expect((await stage.done({ id: 'c-2', text: 'What is the smallest attachment?' })).prompt).toBe('question@2');
    expect((await json('actions', 'list', '--kind', 'assign-prompt')).at(-1)).toMatchObject({
      target: 'question@2',
      reason: 'looks good',
    });
  });

  it('prompts: what does not fit is refused by file and field', { timeout: 60_000 }, async () => {
    const bad = { name: 'x', system: 'hi', user: 'say {{tusk}} about {{task}}', changelog: 'c' };
    await writeFile(join(folder, 'bad.json'), JSON.stringify(bad));
    expect(await run(['prompts', 'add', 'bad.json'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/bad\.json: user: .*\{\{tusk\}\}/),
    });
    expect(await run(['prompts', 'assign', 'nobody@1', '--production'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('known: fix-bug'),
    });
    expect(await run(['prompts', 'assign', 'question@99', '--production'])).toMatchObject({ code: 2 });
  });

  it("memory: a person's lesson takes the place of a learned one, and is forgotten on demand", {
    timeout: 60_000,
  }, async () => {
    const memory = await openMemory(stage.bus);
    const at = new Date().toISOString();
    const learned = {
      id: 'aaaa',
      key: 'limits',
      master: 'development',
      shared: false,
      task_type: 'question',
      about: 'raise a limit',
      lesson: 'limits stand in code',
      worked: true,
      source: 'reflection' as const,
      trust: 'known' as const,
      used: 0,
      useful: 0,
      useless: 0,
      proven: false,
      learned_at: at,
      confirmed_at: at,
    };
    await memory.putLesson(learned);
    const told = await json(
      'memory',
      'add',
      'limits stand in config/limits.json',
      '--master',
      'development',
      '--task',
      'raise a limit',
      '--key',
      'limits',
    );
    const listed = await json('memory', 'list', '--master', 'development');
    expect(listed.map((lesson: { id: string }) => lesson.id)).toContain(told.id);
    expect(listed.map((lesson: { id: string }) => lesson.id)).not.toContain('aaaa');
    expect(await json('memory', 'forget', told.id)).toEqual({ forgotten: 1 });
    expect((await run(['memory', 'forget', told.id])).code).toBe(1);
  });
});
