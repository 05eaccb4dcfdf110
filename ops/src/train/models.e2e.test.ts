// The life of a model as a person types it: train, look, try out, promote, go back, score by name.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, testServerBinary, until } from '@cortex/bus';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freshPlace, type Place, steady } from '../cli/testing/run-cli.js';
import { ACTOR_NAMES } from '../up/catalogue.js';

const WORK: Record<string, string[]> = {
  security: ['scan it for a cve', 'rotate the leaked key', 'audit who may read it'],
  cicd: ['deploy it to staging', 'mend the pipeline', 'roll the release back'],
};
const rows = (start: string) =>
  Object.entries(WORK)
    .flatMap(([label, texts]) =>
      texts.flatMap((text) => [1, 2, 3, 4].map((n) => ({ text: `${start} ${text} ${n}`, label }))),
    )
    .map((row) => JSON.stringify(row))
    .join('\n');

// Each command is a process of its own: on a busy machine a test of many takes a while.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

describe.skipIf('missing' in testServerBinary())('cortex models', () => {
  let place: Place;
  const run = (...args: string[]) => place.run(args);
  const json = async (...args: string[]) => {
    const ran = await run(...args, '--json');
    expect(ran.code, ran.err).toBe(0);
    return JSON.parse(ran.out);
  };

  beforeAll(async () => {
    place = await freshPlace({ CORTEX_ENCODER: 'none' });
    // Nobody else who would change which version serves.
    const actors = ACTOR_NAMES.map((name) => `${name}=${['router', 'coordinator'].includes(name) ? 1 : 0}`).join(',');
    const up = place.start(['up', '--json', '--actors', actors, '--port', String(await freePort())]);
    await until('up says that it is ready', () => up.out().includes('\n') || up.child.exitCode !== null, 90_000);
    expect(up.child.exitCode, up.err()).toBeNull();
    await writeFile(join(place.folder, 'one.jsonl'), rows('please'));
    await writeFile(join(place.folder, 'two.jsonl'), rows('today'));
  });
  afterAll(() => place?.clean());

  it('knows none at first, then what was trained, with its figures and who did it', async () => {
    expect(await json('models', 'list')).toEqual([]);
    const first = await json('train', 'router', '--from', 'one.jsonl', '--no-encoder');
    expect(first).toMatchObject({ name: 'router@1', alias: 'champion', rows: 24 });
    expect(JSON.parse(await readFile(join(first.folder, 'manifest.json'), 'utf8')).format).toBe('cortex-router');
    expect(await json('train', 'router', '--from', 'two.jsonl', '--no-encoder', '--no-promote')).toMatchObject({
      name: 'router@2',
      alias: null,
    });
    expect(
      (await json('models', 'list', 'router')).map((m: { name: string; aliases: string[] }) => [m.name, m.aliases]),
    ).toEqual([
      ['router@1', ['champion']],
      ['router@2', []],
    ]);
    const screen = steady((await run('models', 'list')).out);
    // How well it learnt is measured elsewhere.
    expect(screen.replace(/\b0\.\d+|\b1\.0+\b/g, 'FIGURE')).toMatchSnapshot('models list');
    const shown = await json('models', 'show', 'router@2');
    expect(shown).toMatchObject({ parent: 'router@1', data: { rows: 24 }, seed: 1, signature: expect.any(String) });
    expect(shown.metrics.words_accuracy).toBeGreaterThan(0.5);
    const diff = await json('models', 'diff', 'router@1', 'router@2');
    expect(Object.keys(diff.facts)).toEqual(expect.arrayContaining(['data', 'parent']));
    expect(diff.metrics.words_accuracy.difference).toBeCloseTo(
      diff.metrics.words_accuracy.b - diff.metrics.words_accuracy.a,
    );
  });

  it('tries a challenger out, promotes it, and goes back; decisions follow', async () => {
    const decides = (name: string) =>
      until(
        `${name} to decide`,
        async () => {
          const decision = await json('submit', `please rotate the leaked key ${Math.random()}`, '--wait');
          return decision.models?.router === name ? decision : undefined;
        },
        60_000,
      );
    await decides('router@1');
    await json('models', 'promote', 'router@2', '--as', 'challenger', '--share', '1', '--reason', 'to see');
    expect(await decides('router@2')).toMatchObject({
      arm: 'challenger',
      others: [{ arm: 'champion', model: 'router@1' }],
    });
    expect(await json('models', 'promote', 'router@2')).toMatchObject({ champion: 'router@2', share: 0 });
    expect(await decides('router@2')).toMatchObject({ arm: 'champion' });
    expect(await json('models', 'rollback', 'router', '--reason', 'worse')).toMatchObject({ champion: 'router@1' });
    await decides('router@1');
    const { history } = await json('models', 'show', 'router');
    expect(history.map(({ event, reason }: { event: string; reason: string }) => [event, reason])).toEqual([
      ['promoted', 'trained by hand'],
      ['canary', 'to see'],
      ['promoted', 'by hand'],
      ['rolled-back', 'worse'],
    ]);
  });

  it('says in one line what cannot be', async () => {
    const refused = async (code: number, words: RegExp, ...args: string[]) => {
      const ran = await run(...args);
      expect(ran.err).toMatch(/^cortex: [^\n]*\n$/);
      expect([ran.code, ran.out]).toEqual([code, '']);
      expect(ran.err).toMatch(words);
    };
    await refused(2, /router@9.*router@1, router@2/, 'models', 'promote', 'router@9');
    await refused(2, /router@7/, 'models', 'show', 'router@7');
    await refused(2, /no version, such as/, 'models', 'promote', 'router');
    await refused(2, /--share.*challenger/, 'models', 'promote', 'router@2', '--share', '0.1');
    await refused(1, /no champion and no trial/, 'models', 'rollback', 'forecast');
    expect(await json('models', 'freeze', 'router')).toMatchObject({ frozen: true });
    await refused(1, /frozen.*unfreeze/, 'models', 'promote', 'router@2');
    expect((await json('models', 'unfreeze', 'router')).frozen).toBeUndefined();
  });

  it('scores a version by its name, here and where it has to be brought from the registry', async () => {
    const score = (...args: string[]) =>
      json('evaluate', 'routing', '--test', 'two.jsonl', '--no-encoder', '--model', ...args);
    const here = await score('router@2');
    expect(here.accuracy).toBeGreaterThan(0.9);
    const ran = await place.run(
      ['evaluate', 'routing', '--test', 'two.jsonl', '--no-encoder', '--model', 'router@2', '--json'],
      {
        env: { CORTEX_MODELS: join(place.folder, 'elsewhere') },
      },
    );
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out).accuracy).toBe(here.accuracy);
    const none = await run('evaluate', 'routing', '--test', 'two.jsonl', '--model', 'router@9');
    expect([none.code, none.err]).toEqual([2, expect.stringMatching(/--model router@9: there is no model/)]);
  });
});
