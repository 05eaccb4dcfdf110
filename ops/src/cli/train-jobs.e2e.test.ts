import { Documents, Leases } from '@cortex/actor-trainer';
import { describeOnServer } from '@cortex/bus/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshPlace, oneLine, type Place } from './testing/run-cli.js';

const LIMIT = 180_000;

describeOnServer('trainings by the trainers on the bus', (suite) => {
  let place: Place;
  const run = (...args: string[]) => place.run(args);
  beforeAll(async () => {
    place = await freshPlace({ CORTEX_ENCODER: 'none', NATS_URL: suite.server().url });
  });
  afterAll(() => place.clean());

  it('need a trainer, and say so', { timeout: LIMIT }, async () => {
    const ran = await run('train', 'router', '--watch');
    expect(oneLine(ran)).toMatch(/no trainer is running: start "cortex up"/);
    expect(ran.code).toBe(3);
  });

  it('are asked for, followed to their version, listed, and cancelled', { timeout: LIMIT }, async () => {
    const trainer = place.start(['actor', 'trainer']);
    await trainer.says('trainer is ready', LIMIT);
    await run(
      'masters',
      'add',
      'kitchen',
      '--description',
      'Cooking',
      '--example',
      'bake some bread',
      '--example',
      'boil pasta',
    );
    await run(
      'masters',
      'add',
      'garden',
      '--description',
      'Plants',
      '--example',
      'prune the roses',
      '--example',
      'mow the lawn',
    );
    const ran = await run('train', 'router', '--watch');
    expect(ran.err).toMatch(/asked the trainers for it as train-\d+-\w+; "cortex train cancel/);
    expect(ran.out).toMatch(/^trained router@1 on 0 rows in [\d.]+ s\nrouter@1 is the champion/);
    expect(ran.code).toBe(0);
    const listed = JSON.parse((await run('train', 'jobs', '--json')).out);
    expect(listed).toMatchObject([{ state: 'done', version: 'router@1', job: { family: 'router' } }]);
    const shown = await run('models', 'show', 'router@1', '--json');
    expect(JSON.parse(shown.out)).toMatchObject({ family: 'router', version: 1 });
    // A trainer that runs is asked, also when nobody says so; what is not to be promoted is not told to a deployer either.
    const unsaid = await run('train', 'router', '--seed', '2', '--no-promote', '--json');
    expect(unsaid.err).toMatch(/asked the trainers/);
    expect(JSON.parse(unsaid.out)).toMatchObject({ name: 'router@2', alias: null, rows: 0, state: 'done' });
    const again = await run('train', 'cancel', listed[0].job.id);
    expect(oneLine(again)).toMatch(/is done already/);
    expect(again.code).toBe(1);
    expect((await run('train', 'cancel', 'nothing')).code).toBe(2);
    const failed = await run('train', 'success', '--watch');
    expect(failed.err).toMatch(/the training failed: Of 0 rows fewer than 20/);
    expect(failed.code).toBe(1);
    expect((await trainer.end()).code).toBe(0);
  });

  it('without one are done by this process, once nobody else trains the family', { timeout: LIMIT }, async () => {
    const bus = await suite.connect();
    const leases = new Leases(await Documents.open(bus), bus.instance, 60_000);
    const lease = await leases.take('router', 'another');
    const started = place.start(['train', 'router', '--seed', '3', '--json']);
    await started.says('this training waits for its end', LIMIT);
    expect(started.err()).toMatch(/no trainer is running: this process trains/);
    expect(started.out()).toBe('');
    await lease?.release();
    const ran = await started.ended;
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([0, { name: 'router@3', alias: 'champion', seed: 3 }]);
    expect(await leases.take('router', 'the next')).toBeDefined();
  });

  it('cannot search where there is nothing to search for', async () => {
    const ran = await run('train', 'success', '--tune', '3');
    expect(oneLine(ran)).toMatch(/only the network of the router/);
    expect(ran.code).toBe(2);
  });
});
