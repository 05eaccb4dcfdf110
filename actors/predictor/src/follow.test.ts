// The champion of the registry, promoted and rolled back under a running predictor.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAsker, openModelRegistry, runActor, silentLogger, watchPresence } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { savePredictor, trainPredictor } from '@cortex/models';
import { predictAnswerSchema } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { predictorActor } from './actor.js';

/** Sixty tasks of which one master does well. */
const history = (good: string) =>
  Array.from({ length: 60 }, (_, i) => {
    const master = i % 2 === 0 ? 'security' : 'development';
    return {
      text: `task number ${i}`,
      master,
      at: Date.UTC(2026, 0, 1) + i * 3_600_000,
      success: master === good ? 1 : i % 10 === 0 || i % 10 === 5 ? 1 : 0,
    };
  });

describeOnServer('a predictor that follows the registry', (suite) => {
  it('serves the champion under its name, the next one when it is promoted, and the one before after a roll-back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-predictors-'));
    const bus = await suite.connect();
    const keys_folder = join(folder, 'keys');
    const registry = await openModelRegistry(bus, { keys: keys_folder });
    const who = { by: 'test', reason: 'to see' };
    for (const good of ['security', 'development']) {
      const rows = history(good);
      await savePredictor(await trainPredictor(rows, { seed: 1 }), join(folder, good), { rows });
      await registry.publish('predictor', join(folder, good), { by: 'test' });
    }
    await registry.setAliases('predictor', { champion: 'predictor@1' }, who);
    const models_root = join(folder, 'prediction');
    const actor = await runActor(
      predictorActor({ encoder: 'none', models_root, keys_folder, model_folder: join(models_root, 'current') }),
      await suite.connect({ name: 'predictor' }),
      { log: silentLogger },
    );
    const presence = watchPresence(bus);
    const asker = createAsker(bus, presence);
    await until('the predictor', () => presence.list().some((p) => p.actor === 'predictor'));
    const serves = (name: string) =>
      until(`${name} to serve`, async () => {
        const task = { id: 't', priority: 'high' as const, text: 'task number 7' };
        const ask = { task, masters: ['security', 'development'] };
        // Nobody asks one that has no model yet.
        if (!presence.answers('predictor')) return undefined;
        const answer = await asker.ask('predictor', ask, predictAnswerSchema, Date.now() + 10_000);
        return answer.models.success === name ? answer.predictions : undefined;
      });
    const better = ({ security, development }: Awaited<ReturnType<typeof serves>>) =>
      (security?.success ?? 0) > (development?.success ?? 0) ? 'security' : 'development';
    expect(better(await serves('predictor@1'))).toBe('security');
    await registry.setAliases('predictor', { champion: 'predictor@2' }, who);
    expect(better(await serves('predictor@2'))).toBe('development');
    await registry.rollback('predictor', who);
    expect(better(await serves('predictor@1'))).toBe('security');
    await actor.drain();
    asker.close();
    presence.close();
    await rm(folder, { recursive: true, force: true });
  });
});
