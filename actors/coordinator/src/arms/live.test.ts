// The split on a real server: aliases in the registry, two coordinators, a router that tells whom it was asked for.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bus,
  type ModelRegistry,
  openMasters,
  openModelRegistry,
  publish,
  type RunningActor,
  runActor,
  serveAsks,
  silentLogger,
  startHeartbeat,
  taskLog,
  until,
} from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { type Decision, decodeMessage, EVENT_TYPES, routeAskSchema, taskKey } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coordinatorActor } from '../actor.js';
import { placeOf } from './split.js';

describeOnServer('the arms of a trial', (suite) => {
  let bus: Bus;
  let folder: string;
  let registry: ModelRegistry;
  const actors: RunningActor[] = [];
  const stops: (() => unknown)[] = [];
  const who = { by: 'test', reason: 'to see' };
  const beside = { arm: 'shadow' as const, model: 'router@3', master: 'security', confidence: 0.9, latency_ms: 1 };

  beforeAll(async () => {
    bus = await suite.connect();
    folder = await mkdtemp(join(tmpdir(), 'cortex-split-'));
    const masters = await openMasters(bus);
    for (const name of ['security', 'development']) await masters.put({ name, description: `does ${name}` });
    await masters.close();
    registry = await openModelRegistry(bus, { keys: join(folder, 'keys') });
    for (const version of ['1', '2']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'model'), version);
      await registry.publish('router', join(folder, version), { by: 'test' });
    }
    await registry.setAliases('router', { champion: 'router@1' }, who);
    await registry.setAliases('router', { challenger: 'router@2', share: 0.3 }, who);
    const helper = await suite.connect({ name: 'router' });
    const beat = startHeartbeat(helper, 'router');
    beat.say('ready');
    const server = serveAsks(helper, {
      actor: 'router',
      answer: async (questions) =>
        questions.map(({ data }) => {
          const { arm, model, alias_revision, task } = decodeMessage('ask', routeAskSchema, data);
          const fails = arm === 'challenger' && task.text.includes('fail');
          return {
            probabilities: { security: 1 },
            confidence: 1,
            candidates: ['security'],
            scope: 1,
            abstain: false,
            experts: [],
            models: { router: fails ? 'router@1' : (model ?? 'none') },
            arm: fails ? 'champion' : arm,
            ...(fails ? { arm_failure: 'router@2: it is broken' } : {}),
            others: [beside],
            explanation: [`revision ${alias_revision}`],
          };
        }),
    });
    stops.push(
      () => beat.stop(),
      () => server.stop(10),
    );
    // Patient: which arm answers is under test, not how fast a busy machine is.
    for (const name of ['coordinator', 'coordinator'])
      actors.push(
        await runActor(coordinatorActor({ askTimeoutMs: 20_000 }), await suite.connect({ name }), {
          log: silentLogger,
        }),
      );
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await Promise.all(actors.map((actor) => actor.drain(2_000)));
    await rm(folder, { recursive: true, force: true });
  });

  const submit = (task: { id: string; text: string; master?: string }) =>
    publish(bus, bus.subjects.submit, task, { type: EVENT_TYPES.taskSubmit });
  const decision = (id: string): Promise<Decision> =>
    until(`${id} to be decided`, async () => (await taskLog(bus).last(id))?.record.decision);
  const isOnTrial = (id: string) => placeOf(taskKey(id).key, 'router@2') < 0.3;

  it('falls on the same tasks in every coordinator, and is written down with what the others said', async () => {
    const ids = Array.from({ length: 120 }, (_, i) => `split-${i}`);
    await Promise.all(ids.map((id) => submit({ id, text: 'scan it' })));
    const decisions = await Promise.all(ids.map(decision));
    const { revision } = await registry.aliases('router');
    for (const { task, arm, assigned, models, alias_revision, others } of decisions) {
      const expected = isOnTrial(task) ? ['challenger', 'router@2'] : ['champion', 'router@1'];
      expect([arm, models.router]).toEqual(expected);
      expect({ assigned, alias_revision, others }).toEqual({
        assigned: arm,
        alias_revision: revision,
        others: [beside],
      });
    }
    expect(decisions.some(({ arm }) => arm === 'challenger')).toBe(true);
  });

  it('says when the champion decided for a challenger that failed, and whose task it was', async () => {
    const id = Array.from({ length: 100 }, (_, i) => `failing-${i}`).find(isOnTrial) ?? '';
    await submit({ id, text: 'fail at it' });
    expect(await decision(id)).toMatchObject({
      arm: 'champion',
      assigned: 'challenger',
      arm_failure: 'router@2: it is broken',
      models: { router: 'router@1' },
    });
  });

  it('tries nothing on a task that names its master', async () => {
    const id = Array.from({ length: 100 }, (_, i) => `pinned-${i}`).find(isOnTrial) ?? '';
    await submit({ id, text: 'do it', master: 'development' });
    const pinned = await decision(id);
    expect(pinned).toMatchObject({ arm: 'champion', method: 'pinned' });
    expect(pinned.assigned).toBeUndefined();
  });

  it('ends within a moment of the roll-back', async () => {
    await registry.rollback('router', who);
    const ids = Array.from({ length: 2_000 }, (_, i) => `after-${i}`).filter(isOnTrial);
    await until('the champion to have it all', async () => {
      const id = ids.shift() ?? '';
      await submit({ id, text: 'scan it' });
      return (await decision(id)).arm === 'champion';
    });
  });
});
