import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, openModelRegistry, publish, type RunningActor, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { loadServedRouter, readTensorboard } from '@cortex/models';
import { EVENT_TYPES, type ModelEvent } from '@cortex/schemas';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { trainerActor } from './actor.js';
import { askForTraining } from './job/ask.js';
import { Board } from './job/board.js';
import { Documents } from './job/documents.js';
import { forgetJobs, purgeJobs } from './job/sweep.js';
import type { TrainerSettingsInput } from './settings.js';
import { registerMasters, settleTasks } from './testing/history.js';

const LONG = 90_000;
const wait = { timeoutMs: 80_000 };

describeOnServer('the trainer', (suite) => {
  let folder: string;
  let bus: Bus;
  let board: Board;
  const running: RunningActor[] = [];
  const events: (ModelEvent & Record<string, unknown>)[] = [];

  const start = async (settings: Partial<TrainerSettingsInput> = {}, now?: () => Date) => {
    const actor = await runActor(
      trainerActor(
        {
          models: join(folder, 'models'),
          keys: join(folder, 'keys'),
          encoder: 'none',
          schedules: [],
          volume: 0,
          lease_ms: 1_500,
          mlflow: '',
          ...settings,
        },
        now ? { now } : {},
      ),
      await suite.connect({ name: 'trainer' }),
      { log: silentLogger },
    );
    running.push(actor);
    return actor;
  };
  const ask = (id: string, family = 'router', options = {}) =>
    askForTraining(bus, board, {
      id,
      family,
      reason: 'a test',
      options,
      requested_by: 'somebody',
      at: new Date().toISOString(),
    });
  const ends = (id: string, state: string) =>
    until(`job ${id} to be ${state}`, async () => (await board.read(id))?.state === state, wait.timeoutMs);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-trainer-'));
    bus = await suite.connect();
    board = new Board(await Documents.open(bus), 'test');
    bus.nc.subscribe(bus.subjects.modelEvents, { callback: (_error, msg) => void events.push(msg.json()) });
    await registerMasters(bus);
    await settleTasks(bus, 60);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((actor) => actor.drain(5_000)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('learns from the log, publishes a version that serves, and says what it was made of', {
    timeout: LONG,
  }, async () => {
    await start();
    await ask('first');
    await ends('first', 'done');
    const state = await board.read('first');
    expect(state).toMatchObject({
      version: 'router@1',
      report: { given: 51, kept: expect.any(Number), labels: { kitchen: { rows: expect.any(Number) } } },
    });
    const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
    const version = await registry.show('router@1');
    expect(version).toMatchObject({
      seed: 1,
      code: expect.stringMatching(/^cortex \d/),
      hardware: expect.stringMatching(/GiB/),
      data: { rows: state?.report?.kept, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    // Nothing was explored: where it would have chosen otherwise, the log cannot say what would have come of it.
    expect(version?.audit).toMatchObject({
      decisions: expect.any(Number),
      passes: { fairness: null, off_policy: null },
      notes: [expect.stringMatching(/decisions are too few to judge by: 100 are the least/)],
    });
    expect(version?.metrics).toMatchObject({ fairness_passes: null, off_policy_passes: null });
    const router = await loadServedRouter(await registry.fetch('router@1', join(folder, 'fetched')));
    const [routed] = await router.route([{ text: 'who will bake bread and boil pasta' }]);
    expect(routed?.master).toBe('kitchen');
    await until('the event', async () => events.some((e) => e.event === 'trained'));
    expect(events.find((e) => e.event === 'trained')).toMatchObject({
      family: 'router',
      version: 'router@1',
      job: 'first',
      reason: 'a test',
      report: { given: 51, left_out: { 'failed, and nobody said where it should have gone': 9 } },
    });
    const runs = join(folder, 'models', 'runs', 'first');
    const file = (await readdir(runs)).find((name) => name.startsWith('events.out.tfevents'));
    const points = await readTensorboard(join(runs, file ?? ''));
    expect(points.find((p) => p.tag === 'params')?.value).toContain('| seed | 1 |');
    expect(points.find((p) => p.tag === 'words_accuracy')?.value).toBeGreaterThan(0.9);
  });

  it('trains a predictor for each of its families, asked for by any of their names', { timeout: LONG }, async () => {
    await start();
    await ask('minutes', 'minutes');
    await ends('minutes', 'done');
    expect(await board.read('minutes')).toMatchObject({
      version: 'predictor@1',
      report: { metrics: { 'success/rows': 60, 'minutes/mae': expect.any(Number) } },
    });
  });

  it('does a job once, however often it is asked for', { timeout: LONG }, async () => {
    await start();
    await start();
    for (let i = 0; i < 5; i++)
      await publish(bus, bus.subjects.job('train'), (await ask('often')) as object, {
        type: EVENT_TYPES.job,
        id: `again-${i}`,
      });
    await ends('often', 'done');
    const { num_pending } = await bus.jsm.consumers.info(bus.subjects.stream('JOBS'), 'trainer');
    expect(num_pending).toBeGreaterThanOrEqual(0);
    await until('all messages of it to be dealt with', async () => {
      const info = await bus.jsm.consumers.info(bus.subjects.stream('JOBS'), 'trainer');
      return info.num_pending === 0 && info.num_ack_pending === 0;
    });
    expect(events.filter((e) => e.event === 'trained' && e.job === 'often')).toHaveLength(1);
    expect((await board.read('often'))?.attempt).toBe(1);
  });

  it('says why data cannot be learned from, and leaves nothing in DEAD', { timeout: LONG }, async () => {
    await start();
    await ask('arrivals', 'forecast');
    await ends('arrivals', 'failed');
    expect((await board.read('arrivals'))?.error).toMatch(/"forecast" cannot be trained: the watchdog learns/);
    await until('the event', async () => events.some((e) => e.job === 'arrivals'));
    expect(events.find((e) => e.job === 'arrivals')).toMatchObject({ event: 'failed', family: 'forecast' });
    const dead = await bus.jsm.streams.info(bus.subjects.stream('DEAD'));
    expect(dead.state.messages).toBe(0);
  });

  it('a queued job that is cancelled never begins', { timeout: LONG }, async () => {
    await ask('unwanted');
    expect(await board.cancel('unwanted', 'anna')).toBe(true);
    await start();
    await ends('unwanted', 'cancelled');
    expect((await board.read('unwanted'))?.error).toBe('cancelled by anna');
    expect(await board.cancel('unwanted', 'anna')).toBe(false);
  });

  it('keeps no messages that were dealt with, and forgets what ended long ago', { timeout: LONG }, async () => {
    await purgeJobs(bus);
    expect((await bus.jsm.streams.info(bus.subjects.stream('JOBS'))).state.messages).toBe(0);
    await ask('waiting');
    await purgeJobs(bus);
    expect((await bus.jsm.streams.info(bus.subjects.stream('JOBS'))).state.messages).toBe(1);
    await forgetJobs(board, new Date(Date.now() + 1_000));
    expect((await board.list()).map((s) => s.job.id)).toEqual(['waiting']);
    expect(await board.read('first')).toBeUndefined();
  });
});
