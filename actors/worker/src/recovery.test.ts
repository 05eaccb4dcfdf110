// What happens when something dies: workers, the bus, commands. Workers that are killed or paused are processes of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provision, publish, pullOne, silentLogger, testServerBinary, until } from '@cortex/bus';
import { EVENT_TYPES } from '@cortex/schemas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gate, processAlive, startTestBus, type TestBus } from './bus-for-tests.js';
import {
  CommandNotFound,
  type Handler,
  type JobStopped,
  type RunningWorker,
  runWorker,
  type WorkerOptions,
  worker,
} from './index.js';

const LEASE_MS = 1_500;
// The same depth from src/ and from dist/.
const PROGRAM = fileURLToPath(new URL('../dist/program-for-tests.js', import.meta.url));

describe.skipIf('missing' in testServerBinary() || process.platform === 'win32')(
  'nothing is lost when',
  { timeout: 120_000 },
  () => {
    let test: TestBus;
    let workers: RunningWorker[] = [];
    let children: ChildProcess[] = [];

    beforeEach(async () => {
      test = await startTestBus({ leaseMs: LEASE_MS });
    });
    afterEach(async () => {
      await Promise.all(workers.map((w) => w.stop(0)));
      await Promise.all(
        children.map((child) => {
          if (child.exitCode !== null || child.signalCode !== null) return undefined;
          const gone = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          return gone;
        }),
      );
      workers = [];
      children = [];
      await test.close();
    });

    async function start(handle: Handler, more: Partial<WorkerOptions> = {}): Promise<RunningWorker> {
      const running = await worker({
        master: 'security',
        handle,
        servers: test.server.url,
        log: silentLogger,
        signals: false,
        telemetry: false,
        pollMinMs: 100,
        pollMaxMs: 200,
        ...more,
      });
      workers.push(running);
      return running;
    }

    /** A worker process; `said` are the lines it has written. */
    async function startProgram(options: Record<string, unknown>): Promise<{ child: ChildProcess; said: string[] }> {
      const given = { master: 'security', servers: test.server.url, ...options };
      const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const said: string[] = [];
      child.stdout?.on('data', (chunk: Buffer) => said.push(...chunk.toString().split('\n').filter(Boolean)));
      await until('the worker process is ready', () => said.includes('ready'));
      return { child, said };
    }
    const untilOutcomes = (n: number) =>
      until(
        `${n} outcomes`,
        async () => {
          // A server that has just come back does not answer for a moment.
          const found = await test.outcomes().catch(() => []);
          return found.length >= n ? found : undefined;
          // Several leases, a restart and a busy machine.
        },
        45_000,
      );
    const untilNothingOpen = () =>
      until('nothing open', async () => {
        const { unacknowledged, waiting } = await test.open('security');
        return unacknowledged + waiting === 0;
      });

    it('a worker is killed: another does its task when the lease is over', async () => {
      const { child, said } = await startProgram({ name: 'victim', workMs: 60_000 });
      await test.decide('orphan');
      await until('it has begun', () => said.includes('begun orphan 1'));
      child.kill('SIGKILL');
      await start(() => ({ tokens: 1 }), { name: 'heir' });
      const outcomes = await untilOutcomes(1);
      await untilNothingOpen();
      expect(outcomes).toMatchObject([{ task: 'orphan', worker: 'heir', attempt: 2, status: 'completed' }]);
    });

    it('a worker stands still beyond its lease: its late claim carries the older attempt', async () => {
      const { child, said } = await startProgram({ name: 'zombie', workMs: 3_000 });
      await test.decide('twice');
      await until('it has begun', () => said.includes('begun twice 1'));
      child.kill('SIGSTOP');
      await start(() => undefined, { name: 'second' });
      await untilOutcomes(1);
      child.kill('SIGCONT');
      const outcomes = await untilOutcomes(2);
      expect(outcomes).toMatchObject([
        { task: 'twice', worker: 'second', attempt: 2, revision: 1 },
        { task: 'twice', worker: 'zombie', attempt: 1, revision: 1 },
      ]);
      // From this word on the coordinator refuses the zombie, even when it comes first.
      expect(await test.announced()).toMatchObject([{ task: 'twice', worker: 'second', attempt: 2, revision: 1 }]);
      await untilNothingOpen();
    });

    it('a worker dies between its outcome and its acknowledgement: the next one skips the settled task', async () => {
      const { bus } = test;
      const decided = await test.decide('half-way');
      const taken = await until('it can be pulled', () =>
        pullOne(bus, 'LOG', bus.subjects.workConsumer('security', 'medium')),
      );
      expect(taken.delivery).toBe(1);
      await publish(
        bus,
        bus.subjects.outcome('security'),
        { task: 'half-way', status: 'completed', attempt: 1 },
        { type: EVENT_TYPES.outcome, id: 'o' },
      );
      await test.step('settled', 'half-way', decided);
      const seen: string[] = [];
      await start((job) => void seen.push(job.task.id));
      await untilNothingOpen();
      expect(seen).toEqual([]);
      expect(await test.outcomes()).toHaveLength(1);
    });

    it('the bus is killed and comes back in the middle', async () => {
      const handle: Handler = () => new Promise((resolve) => setTimeout(resolve, 20));
      for (let i = 0; i < 60; i++) await test.decide(`restart-${i}`);
      await Promise.all(['a', 'b', 'c'].map((name) => start(handle, { name })));
      await untilOutcomes(10);
      await test.server.kill();
      await until('they have noticed', () => test.bus.state() !== 'connected');
      await test.server.restart();
      await until('the bus is back', () => test.bus.state() === 'connected');
      const outcomes = await until('an outcome for each of the 60', async () => {
        const found = await test.outcomes().catch(() => []);
        return new Set(found.map((o) => o.task)).size === 60 ? found : undefined;
      });
      await untilNothingOpen();
      // What was done twice can be told apart by its fence; the coordinator applies the first.
      expect(new Set(outcomes.map((o) => `${o.task} ${o.attempt}`)).size).toBe(outcomes.length);
      expect(outcomes.every((o) => o.status === 'completed')).toBe(true);
    });

    it('the bus is away for longer than the lease: the job is told, and the task is done again', async () => {
      const begun = gate();
      const whys: string[] = [];
      await start(async (job) => {
        if (job.attempt > 1) return;
        begun.open();
        await new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve(), { once: true }));
        whys.push((job.signal.reason as JobStopped).why);
        job.signal.throwIfAborted();
      });
      await test.decide('cut-off');
      await begun.opened;
      await test.server.kill();
      await until('the job is told', () => whys.length > 0);
      await test.server.restart();
      await until('the bus is back', () => test.bus.state() === 'connected');
      const outcomes = await untilOutcomes(1);
      await untilNothingOpen();
      expect(whys).toEqual(['lease-lost']);
      expect(outcomes).toMatchObject([{ task: 'cut-off', status: 'completed' }]);
      expect(outcomes[0]?.attempt).toBeGreaterThan(1);
    });

    it('an outcome cannot be stored: the work is not acknowledged and done again', async () => {
      await test.bus.jsm.streams.delete('OUTCOMES');
      let times = 0;
      await start(() => void times++, { outcomeRetryMs: 100 });
      await test.decide('unheard');
      await until('it was done twice', () => times >= 2);
      await provision(test.bus, { space: 0.02 });
      const outcomes = await untilOutcomes(1);
      await untilNothingOpen();
      expect(outcomes[0]).toMatchObject({ task: 'unheard', status: 'completed' });
      expect(outcomes[0]?.attempt).toBeGreaterThan(1);
    });

    it('a worker process gets SIGTERM: it finishes its task, ends by itself, and nothing is delivered twice', async () => {
      const { child, said } = await startProgram({ workMs: 400 });
      await test.decide('last-one');
      await until('it has begun', () => said.includes('begun last-one 1'));
      const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
      child.kill('SIGTERM');
      await test.decide('too-late');
      expect(await ended).toBe(0);
      expect(said.at(-1)).toBe('finished');
      expect(await test.outcomes()).toMatchObject([{ task: 'last-one', status: 'completed', attempt: 1 }]);
      expect(await test.open('security')).toEqual({ unacknowledged: 0, waiting: 1, redelivered: 0 });
    });

    it('a worker with a command is killed: the command and all it started end too, and the task is done by another', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'cortex-worker-'));
      const command = `sh -c 'echo $$ > ${dir}/inner; sleep 1000' & echo $$ > ${dir}/outer; wait`;
      const { child } = await startProgram({ exec: { command } });
      await test.decide('with-children');
      const pids = await Promise.all(
        ['inner', 'outer'].map((file) =>
          until(file, async () => Number(await readFile(join(dir, file), 'utf8').catch(() => ''))),
        ),
      );
      expect(pids.every(processAlive)).toBe(true);
      child.kill('SIGKILL');
      await until('its children are gone', () => !pids.some(processAlive));
      workers.push(
        await runWorker({
          master: 'security',
          exec: { command: 'cat' },
          servers: test.server.url,
          log: silentLogger,
          signals: false,
          pollMaxMs: 200,
          pollMinMs: 100,
        }),
      );
      expect((await untilOutcomes(1))[0]).toMatchObject({ task: 'with-children', attempt: 2, status: 'completed' });
      await rm(dir, { recursive: true });
    });

    it('a worker with a command is stopped: what cannot finish is killed and given back without an outcome', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'cortex-worker-'));
      const running = await runWorker({
        master: 'security',
        exec: { command: `echo $$ > ${dir}/pid; sleep 1000` },
        servers: test.server.url,
        log: silentLogger,
        signals: false,
      });
      workers.push(running);
      await test.decide('endless');
      const pid = await until('it runs', async () => Number(await readFile(join(dir, 'pid'), 'utf8').catch(() => '')));
      await running.stop(20);
      expect(processAlive(pid)).toBe(false);
      expect(await test.outcomes()).toEqual([]);
      expect(await test.open('security')).toMatchObject({ waiting: 0, unacknowledged: 1 });
      const again = await until('it can be pulled at once', () => pullOne(test.bus, 'LOG', 'work-security-medium'));
      expect(again.delivery).toBe(2);
      again.ack();
      await rm(dir, { recursive: true });
    });

    it('the command of a worker is missing: it says so before it connects', async () => {
      const starting = runWorker({
        master: 'security',
        exec: { command: 'no-such-command-here' },
        servers: 'nats://127.0.0.1:1',
      });
      await expect(starting).rejects.toThrow(CommandNotFound);
    });
  },
);
