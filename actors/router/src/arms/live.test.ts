// Versions from a real registry, swapped and rolled back while asks flow over a real bus.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ModelRegistry, openModelRegistry, testServerBinary, until } from '@cortex/bus';
import { saveServedRouter, type TrainingRow, trainRouter } from '@cortex/models';
import type { RouteAnswer } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Panel } from '../panel.js';
import { best, MASTERS, type Stage, stage } from '../testing/stage.js';

const who = { by: 'test', reason: 'to see' };
const NAMES = MASTERS.map(({ name }) => name);
/** Rows of the masters' examples; `turned` says each belongs to the next master. */
const rows = (turned: boolean): TrainingRow[] =>
  MASTERS.flatMap(({ examples = [] }, m) =>
    examples.flatMap((text) =>
      ['please', 'today', 'next'].map((start) => ({
        text: `${start} ${text}`,
        label: NAMES[(m + (turned ? 1 : 0)) % NAMES.length] ?? '',
      })),
    ),
  );

describe.skipIf('missing' in testServerBinary())('versions that come and go', () => {
  let on: Stage;
  let folder: string;
  let registry: ModelRegistry;
  /** What a test does to a version on its way to the router. */
  const broken = new Map<string, (panel: Panel) => Panel>();
  const nonsense = (panel: Panel): Panel => {
    const spoil: Panel['full'] = async (...args) =>
      (await panel.full(...args)).map((opinion) => ({
        ...opinion,
        probabilities: Object.fromEntries(Object.keys(opinion.probabilities).map((name) => [name, Number.NaN])),
      }));
    return { ...panel, identity: `${panel.identity} spoilt`, quick: spoil, full: spoil };
  };
  const train = async (name: string, turned: boolean): Promise<string> => {
    const path = join(folder, name);
    await saveServedRouter(await trainRouter({ masters: [], rows: rows(turned), seed: 1 }), path);
    return path;
  };
  const serves = (version: string) =>
    until(`${version} to serve`, async () => (await on.ask('Rotate the key')).models.router === version);

  beforeAll(async () => {
    on = await stage();
    folder = await mkdtemp(join(tmpdir(), 'cortex-arms-'));
    const keys = join(folder, 'keys');
    registry = await openModelRegistry(on.bus, { keys });
    await registry.publish('router', await train('right', false), { by: 'test' });
    await registry.publish('router', await train('turned', true), { by: 'test' });
    const settings = {
      encoder: 'off',
      models_root: join(folder, 'routing'),
      model_folder: join(folder, 'routing', 'current'),
      keys_folder: keys,
    };
    await on.router(settings, undefined, {
      through: (panel) => broken.get(panel.version)?.(panel) ?? panel,
    });
  });
  afterAll(async () => {
    await on?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('serves what is built from the masters until a champion is named, then the champion', async () => {
    expect((await on.ask('Rotate the leaked key')).models.router).toMatch(/^registry@/);
    await registry.setAliases('router', { champion: 'router@1' }, who);
    await serves('router@1');
    await until('the folder of the champion', () =>
      stat(join(folder, 'routing', 'current', 'manifest.json')).catch(() => undefined),
    );
  });

  it('answers each ask by the arm it names, with the other beside it', async () => {
    await registry.setAliases('router', { challenger: 'router@2', share: 0.5 }, who);
    const text = 'Count the pallets of paper';
    const champion = { arm: 'champion', model: 'router@1' };
    await until(
      'the challenger',
      async () => (await on.ask(text, { more: champion })).others?.[0]?.model === 'router@2',
    );
    const mine = await on.ask(text, { more: champion });
    const theirs = await on.ask(text, { more: { arm: 'challenger', model: 'router@2' } });
    expect([mine.arm, best(mine)]).toEqual(['champion', 'inventory']);
    expect([theirs.arm, best(theirs), theirs.models.router]).toEqual(['challenger', 'cicd', 'router@2']);
    expect(mine.others?.[0]).toMatchObject({ arm: 'challenger', master: best(theirs) });
    expect(theirs.others?.[0]).toMatchObject({ arm: 'champion', model: 'router@1', master: best(mine) });
  });

  it('is promoted and rolled back while asks flow: every ask has an answer, and each is whole of one version', async () => {
    let flowing = true;
    const answers: { text: string; answer: RouteAnswer }[] = [];
    const flow = (async () => {
      for (let i = 0; flowing; i++) {
        const texts = Array.from({ length: 8 }, (_, k) => `Order stock for the warehouse ${i}-${k}`);
        const heard = await Promise.all(texts.map((text) => on.ask(text)));
        answers.push(...heard.map((answer, k) => ({ text: texts[k] ?? '', answer })));
      }
    })();
    await registry.setAliases('router', { champion: 'router@2' }, who);
    await serves('router@2');
    await registry.rollback('router', who);
    await serves('router@1');
    flowing = false;
    await flow;
    expect(new Set(answers.map(({ answer }) => answer.models.router))).toEqual(new Set(['router@1', 'router@2']));
    for (const { answer } of answers) {
      expect(best(answer)).toBe(answer.models.router === 'router@1' ? 'inventory' : 'cicd');
    }
    const laid = () => readFile(join(folder, 'routing', 'current', '.model.json'), 'utf8').catch(() => '{}');
    await until('the folder to follow', async () => JSON.parse(await laid()).name === 'router@1');
  });

  it('lets the champion answer for a challenger whose odds are no numbers', async () => {
    broken.set('router@2', nonsense);
    await registry.setAliases('router', { challenger: 'router@2', share: 1 }, who);
    const ask = () => on.ask('Move the laptops to the warehouse', { more: { arm: 'challenger', model: 'router@2' } });
    const answer = await until('the refusal', async () => {
      const heard = await ask();
      return heard.arm_failure?.includes('NaN') ? heard : undefined;
    });
    expect(answer).toMatchObject({ arm: 'champion', models: { router: 'router@1' } });
    expect(best(answer)).toBe('inventory');
    expect(answer.others?.[0]).toMatchObject({ model: 'router@2', error: expect.stringContaining('NaN') });
    await registry.rollback('router', who);
  });

  it('builds from the masters again when the last champion is taken away', async () => {
    await registry.setAliases('router', { champion: null }, who);
    await until('no version to serve', async () =>
      /^registry@/.test((await on.ask('Rotate the key')).models.router ?? ''),
    );
  });
});
