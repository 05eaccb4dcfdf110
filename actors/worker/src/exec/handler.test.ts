import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, until } from '@cortex/bus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processAlive } from '../bus-for-tests.js';
import { type Job, type JobResult, JobStopped } from '../job.js';
import { type ExecOptions, execHandler } from './handler.js';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cortex-exec-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function jobOf(text: string, signal: AbortSignal = new AbortController().signal): Job {
  return {
    task: { id: 't 1', priority: 'low', text },
    decision: { task: 't 1', master: 'security' },
    attempt: 2,
    lastAttempt: false,
    revision: 1,
    master: 'security',
    worker: 'w-1',
    traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
    signal,
    log: silentLogger,
    gauge: () => undefined,
  } as unknown as Job;
}

async function run(command: string, options: Partial<ExecOptions> = {}, job = jobOf('hello')): Promise<JobResult> {
  return (await execHandler({ command, ...options })(job)) as JobResult;
}

const pidIn = (file: string) =>
  until(`a process id in ${file}`, async () => Number(await readFile(join(dir, file), 'utf8').catch(() => '')));

describe.skipIf(process.platform === 'win32')('a command as a handler', () => {
  it('gets the task as one JSON document on standard input and completes with exit code 0', async () => {
    expect(await run('cat')).toMatchObject({ status: 'completed' });
    const result = await run(
      `node -e 'process.stdin.on("data", (d) => { const m = JSON.parse(d); console.log(m.task.text, m.attempt) })'`,
    );
    expect(result).toMatchObject({ status: 'completed', output: 'hello 2\n' });
  });

  it('never lets the text of a task become part of a command line', async () => {
    const text = `"; touch ${dir}/owned; $(touch ${dir}/owned) \`touch ${dir}/owned\` '`;
    const result = await run(
      'node -e \'let s = ""; process.stdin.on("data", (d) => { s += d; }).on("end", () => console.log(JSON.parse(s).task.text))\'',
      {},
      jobOf(text),
    );
    expect(result.output).toBe(`${text}\n`);
    await expect(readFile(join(dir, 'owned'))).rejects.toThrow('ENOENT');
  });

  it('tells the command whose task it is, and its trace, by environment', async () => {
    const result = await run(
      'echo "$CORTEX_TASK_ID|$CORTEX_MASTER|$CORTEX_WORKER|$CORTEX_ATTEMPT|$TRACEPARENT|$MINE"',
      { env: { MINE: 'x' } },
    );
    expect(result.output).toBe('t 1|security|w-1|2|00-11111111111111111111111111111111-2222222222222222-01|x\n');
  });

  it('fails on another exit code, with the code and the end of standard error', async () => {
    expect(await run('false')).toMatchObject({ status: 'failed', success: false, exit_code: 1 });
    const result = await run('echo "no disk" >&2; echo \'{"tokens": 3}\'; exit 9');
    expect(result).toMatchObject({ status: 'failed', exit_code: 9, tokens: 3 });
    expect(result.error).toBe('it ended with exit code 9: no disk');
    expect((await run('kill -9 $$')).error).toContain('SIGKILL');
  });

  it('survives a command that does not read its input, and one that is not there', async () => {
    const long = jobOf('x'.repeat(30_000));
    expect(await run('exit 0', {}, long)).toMatchObject({ status: 'completed' });
    expect(await run('no-such-command-here')).toMatchObject({ status: 'failed', exit_code: 127 });
    await expect(run('cat', { cwd: '/no/such/folder' })).rejects.toThrow();
  });

  it('keeps the end of a huge output and kills one that has no end', async () => {
    const huge = await run('yes | head -c 20000000; echo; echo last');
    expect(huge).toMatchObject({ status: 'completed', output_truncated: true, output_bytes: 20_000_006 });
    expect(String(huge.output)).toMatch(/y\n\nlast\n$/);
    const endless = await run('yes', { outputMaxBytes: 5_000_000 });
    expect(endless).toMatchObject({ status: 'failed' });
    expect(endless.error).toContain('5000000 bytes');
  });

  it('kills a command at its time limit, even one that ignores TERM, with all it started', async () => {
    const command = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${dir}/inner; while :; do sleep 1; done' & echo $$ > ${dir}/outer; while :; do sleep 1; done`;
    const result = await run(command, { timeLimitMs: 500, killAfterMs: 300 });
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('time limit of 500 ms') });
    const pids = [await pidIn('inner'), await pidIn('outer')];
    await until('both are gone', () => pids.every((pid) => !processAlive(pid)));
  });

  it('is stopped by the signal of its job and says why, whatever its exit code', async () => {
    const stop = new AbortController();
    const running = run(
      `trap 'exit 0' TERM; echo $$ > ${dir}/polite; while :; do sleep 0.05; done`,
      {},
      jobOf('x', stop.signal),
    );
    const pid = await pidIn('polite');
    const reason = new JobStopped('draining', 'the worker was stopped');
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await until('it is gone', () => !processAlive(pid));
  });

  it('does not wait for a daemon that the command has let go', async () => {
    const daemon = `const c = require("child_process").spawn("sleep", ["1000"], { detached: true, stdio: "inherit" }); console.log(c.pid); c.unref();`;
    const result = await run(`node -e '${daemon}'`);
    const pid = Number(result.output);
    expect(result.status).toBe('completed');
    expect(processAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  it('leaves nothing behind that the command put in the background', async () => {
    const result = await run(`sleep 1000 & echo $! > ${dir}/background; echo done`);
    expect(result).toMatchObject({ status: 'completed', output: 'done\n' });
    const pid = await pidIn('background');
    await until('it is gone', () => !processAlive(pid));
  });
});
