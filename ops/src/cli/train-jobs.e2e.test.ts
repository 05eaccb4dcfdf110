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
    expect(ran.out).toMatch(/^trained router@1 on 0 rows: "cortex models show router@1" has its figures/);
    expect(ran.code).toBe(0);
    const listed = JSON.parse((await run('train', 'jobs', '--json')).out);
    expect(listed).toMatchObject([{ state: 'done', version: 'router@1', job: { family: 'router' } }]);
    const shown = await run('models', 'show', 'router@1', '--json');
    expect(JSON.parse(shown.out)).toMatchObject({ family: 'router', version: 1 });
    const again = await run('train', 'cancel', listed[0].job.id);
    expect(oneLine(again)).toMatch(/is done already/);
    expect(again.code).toBe(1);
    expect((await run('train', 'cancel', 'nothing')).code).toBe(2);
    const failed = await run('train', 'success', '--watch');
    expect(failed.err).toMatch(/the training failed: Of 0 rows fewer than 20/);
    expect(failed.code).toBe(1);
    expect((await trainer.end()).code).toBe(0);
  });

  it('cannot search where there is nothing to search for', async () => {
    const ran = await run('train', 'success', '--tune', '3');
    expect(oneLine(ran)).toMatch(/only the network of the router/);
    expect(ran.code).toBe(2);
  });
});
