// An actor whose bus dies in the middle of its start waits for it and comes up: it neither exits nor waits for ever.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { deployerActor } from '@cortex/actor-deployer';
import { predictorActor } from '@cortex/actor-predictor';
import { recorderActor } from '@cortex/actor-recorder';
import { routerActor } from '@cortex/actor-router';
import { trainerActor } from '@cortex/actor-trainer';
import { watchdogActor } from '@cortex/actor-watchdog';
import { workerActor } from '@cortex/actor-worker';
import { type ActorDefinition, connectBus, openMasters, provision, runActor, silentLogger } from '@cortex/bus';
import { startTestServer, testServerBinary, until } from '@cortex/bus/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { cutOffAt } from '../harness/cut-off.js';

const binary = testServerBinary();
const missing = 'missing' in binary ? ` (skipped: ${binary.missing})` : '';
let folder = '';
const actors: Record<string, () => ActorDefinition> = {
  coordinator: () => coordinatorActor(),
  router: () => routerActor({ encoder: '', models_root: join(folder, 'router') }),
  predictor: () => predictorActor({ encoder: '', models_root: join(folder, 'predictor') }),
  watchdog: () => watchdogActor({ encoder: '', models_root: join(folder, 'anomaly') }),
  recorder: () => recorderActor({ encoder: '', folder: join(folder, 'training') }),
  trainer: () =>
    trainerActor({
      encoder: '',
      models: join(folder, 'models'),
      keys: join(folder, 'keys'),
      training_data: join(folder, 'training'),
    }),
  deployer: () => deployerActor(),
  worker: () => workerActor({ master: 'security', handle: async () => undefined }),
};
/** The coordinator asks much before it is ready; the others are each cut off at their first request. */
const cases: [string, number][] = [
  ...Object.keys(actors).map((name): [string, number] => [name, 1]),
  ...[2, 3, 4, 5, 6, 7, 12].map((request): [string, number] => ['coordinator', request]),
];

describe.skipIf(missing !== '')(`an actor whose bus is killed -9 at a request of its start${missing}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-start-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.concurrent.each(cases)('%s, request %i: comes up', { timeout: 120_000 }, async (name, request) => {
    const server = await startTestServer();
    const admin = await connectBus({ servers: server.url, name: 'admin', waitMs: 10_000 });
    await provision(admin);
    const masters = await openMasters(admin);
    await masters.put({ name: 'security' });
    await masters.close();
    await admin.close();
    const cut = await cutOffAt(server, request);
    const bus = await connectBus({ servers: cut.url, name, waitMs: 10_000 });
    try {
      const actor = await runActor((actors[name] as () => ActorDefinition)(), bus, { log: silentLogger });
      await until('the server to have died and come back', cut.happened, 60_000);
      await until(
        'the actor to miss nothing that the bus has',
        () => ['ready', 'degraded'].includes(actor.state()) && !/time-?out/i.test(actor.detail() ?? ''),
        60_000,
      );
      await actor.drain(2_000);
    } finally {
      await bus.close();
      await cut.close();
      await server.stop();
    }
  });
});
