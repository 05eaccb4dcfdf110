import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, openModelRegistry, type RunningActor, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import type { ModelEvent } from '@cortex/schemas';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { trainerActor } from './actor.js';
import { askForTraining } from './job/ask.js';
import { Board } from './job/board.js';
import { Documents } from './job/documents.js';
import { registerMasters, settleTasks } from './testing/history.js';

const SCRIPT = new URL('../dist/testing/trainer-process.js', import.meta.url);
const LONG = 150_000;
const LIMIT = 120_000;

describeOnServer('trainers that go away', (suite) => {
  let folder: string;
  let bus: Bus;
  let board: Board;
  const processes = new Map<string, ChildProcess>();
  const running: RunningActor[] = [];
  const events: (ModelEvent & Record<string, unknown>)[] = [];
  const settings = (root: string) => ({
    models: join(folder, root),
    keys: join(folder, 'keys'),
    encoder: 'none',
    schedules: [],
    volume: 0,
    lease_ms: 1_500,
    mlflow: '',
  });

  const startProcess = (root: string) =>
    new Promise<void>((resolve, reject) => {
      const child = fork(SCRIPT, [JSON.stringify(settings(root)), suite.server().url], { execArgv: [] });
      child.once('message', (message: { instance: string }) => {
        processes.set(message.instance, child);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error('the trainer ended before it was there')));
    });
  const ask = (id: string) =>
    askForTraining(bus, board, {
      id,
      family: 'router',
      reason: 'a test',
      requested_by: 'somebody',
      at: new Date().toISOString(),
    });
  const inTraining = (id: string) =>
    until(
      `job ${id} to be in training`,
      async () => {
        const state = await board.read(id);
        return state?.stage === 'training' && state.state === 'running' ? state : undefined;
      },
      LIMIT,
    );
  const ends = (id: string, state: string) =>
    until(`job ${id} to be ${state}`, async () => (await board.read(id))?.state === state, LIMIT);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-trainers-'));
    bus = await suite.connect();
    for (const consumer of ['trainer', 'trials'])
      await bus.jsm.consumers.update(bus.subjects.stream('JOBS'), consumer, { ack_wait: 1_500_000_000 });
    board = new Board(await Documents.open(bus), 'test');
    bus.nc.subscribe(bus.subjects.modelEvents, { callback: (_error, msg) => void events.push(msg.json()) });
    await registerMasters(bus);
    await settleTasks(bus, 400);
  });
  afterEach(async () => {
    for (const child of processes.values()) child.kill('SIGKILL');
    processes.clear();
    await Promise.all(running.splice(0).map((actor) => actor.drain(5_000)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('of three trainers one is killed in mid-job: another finishes it, once', { timeout: LONG }, async () => {
    // Each on a machine of its own, as far as disks go.
    await Promise.all(['one', 'two', 'three'].map(startProcess));
    await ask('shot');
    const { by } = await inTraining('shot');
    expect(processes.get(by ?? '')?.kill('SIGKILL')).toBe(true);
    await ends('shot', 'done');
    const state = await board.read('shot');
    expect(state?.by).not.toBe(by);
    expect(state?.attempt).toBe(2);
    const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
    expect((await registry.list('router')).filter((v) => v.by.endsWith('job shot'))).toHaveLength(1);
    await until('its message to be dealt with', async () => {
      const info = await bus.jsm.consumers.info(bus.subjects.stream('JOBS'), 'trainer');
      return info.num_pending === 0 && info.num_ack_pending === 0;
    });
    expect(events.filter((e) => e.event === 'trained' && e.job === 'shot')).toHaveLength(1);
  });

  it('a job that is cancelled in the middle ends there, and the next one begins', { timeout: LONG }, async () => {
    await startProcess('one');
    await ask('long');
    await ask('next');
    await inTraining('long');
    expect(await board.cancel('long', 'anna')).toBe(true);
    await ends('long', 'cancelled');
    await ends('next', 'done');
    expect(events.some((e) => e.event === 'trained' && e.job === 'long')).toBe(false);
    expect(events.find((e) => e.event === 'cancelled')).toMatchObject({ job: 'long', reason: 'cancelled by anna' });
  });

  it('a trainer that is told to stop gives its job back unharmed', { timeout: LONG }, async () => {
    const start = async (root: string) => {
      const actor = await runActor(trainerActor(settings(root)), await suite.connect({ name: 'trainer' }), {
        log: silentLogger,
      });
      running.push(actor);
      return actor;
    };
    const first = await start('one');
    await ask('handed-on');
    await inTraining('handed-on');
    await first.drain();
    expect(await board.read('handed-on')).toMatchObject({ state: 'queued', attempt: 0 });
    await start('two');
    await ends('handed-on', 'done');
    expect(await board.read('handed-on')).toMatchObject({ attempt: 1 });
  });
});
