// The examples are run as a reader would run them, against a real server with a stand-in for the coordinator.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logged, silentLogger, testServerBinary, until } from '@cortex/bus';
import { decodeMessage, decodeTask, outcomeSchema, type Priority } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestBus, type TestBus } from './bus-for-tests.js';
import { runWorker } from './index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LEASE_MS = 5_000;

function run(
  program: string,
  args: string[],
  url: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env, NATS_URL: url, OTEL_SDK_DISABLED: 'true' },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/**
 * The environment in which `import nats` works, or why there is none. With CORTEX_REQUIRE_ALL=1 the package is installed into a folder of
 * its own, and failing to is an error.
 */
function pythonWithNats(): NodeJS.ProcessEnv | string {
  const works = (env: NodeJS.ProcessEnv) => {
    execFileSync('python3', ['-c', 'import nats'], { stdio: 'ignore', env: { ...process.env, ...env } });
    return env;
  };
  try {
    return works({});
  } catch {
    if (process.env.CORTEX_REQUIRE_ALL !== '1')
      return 'python3 with nats-py is not there (CORTEX_REQUIRE_ALL=1 installs it)';
    const folder = mkdtempSync(join(tmpdir(), 'cortex-nats-py-'));
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, 'nats-py'], { stdio: 'ignore' });
    return works({ PYTHONPATH: folder });
  }
}
const python = pythonWithNats();
if (typeof python === 'string') process.stderr.write(`the Python example is skipped: ${python}\n`);

describe.skipIf('missing' in testServerBinary() || process.platform === 'win32')('the example', () => {
  let test: TestBus;
  const decided = new Map<string, Logged>();

  beforeAll(async () => {
    test = await startTestBus({ leaseMs: LEASE_MS, masters: ['security', 'development', 'python'] });
    const { nc, subjects } = test.bus;
    nc.subscribe(subjects.submit, {
      callback: (error, msg) => {
        if (error) return;
        const task = decodeTask(msg.data);
        const id = task.id ?? 'none';
        const priority: Priority = task.priority ?? 'medium';
        void test
          .decide(id, { master: task.master ?? 'security', priority, text: task.text })
          .then((logged) => decided.set(id, logged));
      },
    });
    nc.subscribe(subjects.outcomes, {
      callback: (error, msg) => {
        if (error) return;
        if (msg.json<{ status: string }>().status === 'started') return;
        const outcome = decodeMessage('outcome', outcomeSchema, msg.data);
        const after = decided.get(outcome.task);
        if (after) void test.step('settled', outcome.task, after, outcome);
      },
    });
  });
  afterAll(async () => {
    await test.close();
    if (typeof python !== 'string' && python.PYTHONPATH) rmSync(python.PYTHONPATH, { recursive: true });
  });

  it('01 does its own task at the second attempt and leaves', async () => {
    const { code, output } = await run(process.execPath, ['examples/01-worker-in-typescript.mjs'], test.server.url);
    expect(output).toContain('attempt 1: Scan the payments repo');
    expect(output).toMatch(/outcome: \{[^}]*status: 'completed'/s);
    expect(output).toContain('quality: 0.9');
    expect(code).toBe(0);
  });

  it('02 publishes a task with a bare client and sees its decision', async () => {
    const { code, output } = await run(process.execPath, ['examples/02-submit-and-watch.mjs'], test.server.url);
    expect(output).toContain('decided → security (rule, 0.90)');
    expect(code).toBe(0);
  });

  it('03 is a command that reads its task and reports by its last line', async () => {
    const running = await runWorker({
      master: 'development',
      exec: { command: 'examples/03-worker-in-shell.sh', cwd: ROOT },
      servers: test.server.url,
      signals: false,
      telemetry: false,
      log: silentLogger,
    });
    await test.decide('words', { master: 'development', text: 'three small words' });
    const outcome = await until('its outcome', async () => (await test.outcomes()).find((o) => o.task === 'words'));
    await running.stop();
    expect(outcome).toMatchObject({
      status: 'completed',
      quality: 1,
      evidence: [{ kind: 'word-count' }, { kind: 'stdout' }],
    });
    expect(outcome.tokens).toBeGreaterThan(3);
  });

  it.skipIf(typeof python === 'string')('04 does a task in Python with nothing but a NATS client', async () => {
    const cancelled = await test.decide('not-wanted', { master: 'python', priority: 'critical' });
    await test.step('cancelled', 'not-wanted', cancelled);
    const running = run(
      'python3',
      ['examples/04-worker-in-python.py', 'python', '--once'],
      test.server.url,
      typeof python === 'string' ? {} : python,
    );
    await test.decide('in-python', { master: 'python', text: 'twelve chars' });
    const outcome = await until('its outcome', async () => (await test.outcomes()).find((o) => o.task === 'in-python'));
    expect(outcome).toMatchObject({
      status: 'completed',
      attempt: 1,
      revision: 1,
      evidence: [{ kind: 'length', ref: '12' }],
    });
    expect((await running).code).toBe(0);
    expect((await test.outcomes()).some((o) => o.task === 'not-wanted')).toBe(false);
  });
});

describe('the list of examples', () => {
  it('names every example', () => {
    const list = readFileSync(`${ROOT}examples/README.md`, 'utf8');
    for (const name of readdirSync(`${ROOT}examples`)) if (name !== 'README.md') expect(list).toContain(name);
  });
});
