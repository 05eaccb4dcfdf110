import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Objm } from '@nats-io/obj';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '../actor/runtime.js';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { type FollowedModels, type Following, followModels } from './follow.js';
import { openModelRegistry } from './registry.js';
import type { ModelRegistry } from './types.js';

describeOnServer('a machine that follows a family', (suite) => {
  let folder: string;
  let root: string;
  let registry: ModelRegistry;
  let following: Following;
  let serving: FollowedModels<string> = {};
  let trouble: string | undefined;
  /** Versions whose loading a test holds up. */
  const held = new Map<string, Promise<void>>();
  const loads: string[] = [];
  const who = { by: 'test', reason: 'to see' };
  const content = (place: string) => readFile(join(root, place, 'model.txt'), 'utf8');
  const names = () =>
    Object.fromEntries(Object.entries(serving).map(([alias, { name, model }]) => [alias, `${name}=${model}`]));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-follow-'));
    root = join(folder, 'routing');
    registry = await openModelRegistry(await suite.connect(), { keys: join(folder, 'keys') });
    for (const text of ['one', 'two', 'three', 'broken', 'five']) {
      const source = join(folder, text);
      await mkdir(source);
      await writeFile(join(source, 'model.txt'), text);
      await registry.publish('router', source, { by: 'test' });
    }
    following = await followModels(registry, {
      family: 'router',
      root,
      log: silentLogger,
      async load(path, name) {
        loads.push(name);
        await held.get(name);
        const text = await readFile(join(path, 'model.txt'), 'utf8');
        if (text === 'broken') throw new Error('it is broken');
        return text;
      },
      onModels: (models) => {
        serving = models;
      },
      onTrouble: (reason) => {
        trouble = reason;
      },
    });
  });
  afterAll(async () => {
    await following?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has champion, challenger and shadow, and lays them out in folders', async () => {
    await registry.setAliases('router', { champion: 'router@1' }, who);
    await registry.setAliases('router', { challenger: 'router@2', share: 0.1 }, who);
    await registry.setAliases('router', { shadow: 'router@3' }, who);
    await until('all three', () => serving.shadow);
    await following.settled();
    expect(names()).toEqual({ champion: 'router@1=one', challenger: 'router@2=two', shadow: 'router@3=three' });
    expect(await Promise.all(['current', 'staging', 'shadow'].map(content))).toEqual(['one', 'two', 'three']);
  });

  it('goes back to the champion before without the store and without loading again', async () => {
    await registry.setAliases('router', { champion: 'router@2' }, who);
    await until('the promotion', () => serving.champion?.name === 'router@2');
    await following.settled();
    expect(await content('current')).toBe('two');
    expect(await readdir(root)).not.toContain('staging');
    const objects = await new Objm((await suite.connect()).nc).open('cortex_models');
    for (const { sha256 } of (await registry.show('router@1'))?.files ?? []) await objects.delete(`sha256-${sha256}`);
    const before = loads.length;
    await registry.rollback('router', who);
    await until('the roll-back', () => serving.champion?.name === 'router@1');
    expect(loads.length).toBe(before);
    await following.settled();
    expect(await content('current')).toBe('one');
    expect(serving.shadow).toBeUndefined();
  });

  it('serves on when the next champion cannot be loaded, and says why', async () => {
    await registry.setAliases('router', { champion: 'router@4' }, who);
    await until('the refusal', () => trouble);
    expect(trouble).toMatch(/champion router@4: it is broken/);
    expect(names()).toEqual({ champion: 'router@1=one' });
    await registry.rollback('router', who);
    await until('all to be well', () => trouble === undefined);
  });

  it('does not let a roll-back wait for a challenger that is slow to come', async () => {
    await registry.setAliases('router', { champion: 'router@2' }, who);
    await until('the promotion', () => serving.champion?.name === 'router@2');
    let release: () => void = () => undefined;
    held.set(
      'router@5',
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    await registry.setAliases('router', { challenger: 'router@5', share: 0.5 }, who);
    await until('it to be loading', () => loads.includes('router@5'));
    await registry.rollback('router', who);
    await until('the roll-back', () => serving.champion?.name === 'router@1');
    release();
    await following.settled();
    expect(names()).toEqual({ champion: 'router@1=one' });
  });

  it('serves nothing any more when no champion is left, and leaves other peoples folders alone', async () => {
    const own = join(root, 'staging');
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'model.txt'), 'by hand');
    await registry.setAliases('router', { champion: null }, who);
    await until('nothing to serve', () => serving.champion === undefined);
    await following.settled();
    expect(await readdir(root)).not.toContain('current');
    expect(await content('staging')).toBe('by hand');
  });
});
