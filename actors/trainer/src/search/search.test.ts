import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, openModelRegistry, type RunningActor, runActor, silentLogger } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import type { TrialState } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainerActor } from '../actor.js';
import { ROUTER_SPACE } from '../family/trial.js';
import { askForTraining } from '../job/ask.js';
import { Board } from '../job/board.js';
import { Documents } from '../job/documents.js';
import { registerMasters, settleTasks } from '../testing/history.js';
import { bestOf, trialsOf } from './search.js';

const encoder = process.env.CORTEX_ENCODER;
if (!encoder && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error('no encoder: CORTEX_ENCODER is not set');
const LIMIT = 200_000;
const TRIALS = 4;

const trial = (fields: Partial<TrialState>): TrialState => ({
  number: 0,
  params: {},
  state: 'done',
  values: [],
  at: '2026-11-22T00:00:00Z',
  ...fields,
});

it('the best is the best of those that went to their end', () => {
  const stopped = trial({ number: 1, state: 'stopped', best: 0.1 });
  const done = trial({ number: 2, best: 0.5 });
  expect(bestOf([stopped, done, trial({ number: 3, best: 0.7 })]).number).toBe(2);
  expect(bestOf([stopped, trial({ state: 'failed' })]).number).toBe(1);
  expect(() => bestOf([trial({ state: 'failed', error: 'no encoder' })])).toThrow(/none of 1 trials.*no encoder/);
});

describe.skipIf(!encoder)(encoder ? 'with an encoder' : 'with an encoder (skipped: there is none)', () => {
  describeOnServer('a search', (suite) => {
    let folder: string;
    let bus: Bus;
    let board: Board;
    const running: RunningActor[] = [];
    const start = async (root: string) => {
      const actor = await runActor(
        trainerActor({
          models: join(folder, root),
          keys: join(folder, 'keys'),
          encoder: encoder as string,
          schedules: [],
          volume: 0,
          lease_ms: 1_500,
          mlflow: '',
        }),
        await suite.connect({ name: 'trainer' }),
        { log: silentLogger },
      );
      running.push(actor);
      return actor;
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cortex-search-'));
      bus = await suite.connect();
      board = new Board(await Documents.open(bus), 'test');
      await registerMasters(bus);
      await settleTasks(bus, 260);
    });
    afterAll(async () => {
      await Promise.all(running.map((actor) => actor.drain(5_000)));
      await rm(folder, { recursive: true, force: true });
    });

    it('spreads its trials over all trainers, outlives the one that led it, and what it finds is trained with', {
      timeout: LIMIT,
    }, async () => {
      const [first] = await Promise.all([start('one'), start('two')]);
      await askForTraining(bus, board, {
        id: 'tuned',
        family: 'router',
        reason: 'a test',
        // Two short passes a trial: what is tested here is the search, not the network.
        options: { tune: TRIALS, training: { epochs: 2, batch: 128 } },
        requested_by: 'somebody',
        at: new Date().toISOString(),
      });
      // Each look costs the server a consumer for a while.
      const closed = async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return (await trialsOf({ board }, 'tuned')).filter((t) => t.values.length > 0);
      };
      await until('two trials to be under way', async () => (await closed()).length >= 2, LIMIT);
      expect((await board.read('tuned'))?.stage).toBe('searching');
      const led = (await board.read('tuned'))?.by;
      const leader = running.find((actor) => actor.instance === led) ?? first;
      await leader.drain(5_000);
      await start('three');
      await until('the job to be done', async () => (await board.read('tuned'))?.state === 'done', LIMIT);
      const trials = await trialsOf({ board }, 'tuned');
      expect(trials.map((t) => t.number)).toEqual(Array.from({ length: TRIALS }, (_, i) => i));
      expect(new Set(trials.map((t) => t.by)).size).toBeGreaterThan(1);
      for (const { params, state } of trials) {
        expect(Object.keys(params).sort()).toEqual(Object.keys(ROUTER_SPACE).sort());
        expect(['done', 'stopped']).toContain(state);
      }
      const best = bestOf(trials);
      const state = await board.read('tuned');
      expect(state?.by).not.toBe(led);
      expect(state?.report?.tuned).toMatchObject({ trial: best.number, loss: best.best, ...best.params });
      const registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
      const version = await registry.show(state?.version ?? '');
      // Whether the network is kept is for held-out rows to say; that it was tried on them is for us.
      expect(version?.family).toBe('router');
    });
  });
});
