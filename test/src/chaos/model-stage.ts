// A router that follows the model registry, and models small enough to be trained in a moment.
import { join } from 'node:path';
import { routerActor } from '@cortex/actor-router';
import { type ModelRegistry, openModelRegistry, type RunningActor, taskLog } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { saveServedRouter, type TrainingRow, trainRouter } from '@cortex/models';
import type { Run } from './scenario.js';
import { MASTERS, type Stage } from './stage.js';

/** What stands between a version and who hears it. */
export type Through = NonNullable<NonNullable<Parameters<typeof routerActor>[1]>['through']>;

export interface ModelStage {
  readonly registry: ModelRegistry;
  readonly router: RunningActor;
  readonly keys: string;
  /** Waits until a task is decided by this version. */
  serves(name: string): Promise<void>;
  /** Trains a version into a folder; another seed gives another version. */
  train(name: string, seed: number): Promise<string>;
}

export const who = { by: 'chaos', reason: 'to see' };

export async function modelStage(run: Run, stage: Stage, through: Through = (panel) => panel): Promise<ModelStage> {
  const keys = join(run.folder, 'keys');
  const log = taskLog(stage.bus);
  let looks = 0;
  const registry = await openModelRegistry(stage.bus, { keys });
  const router = await stage.inside(
    routerActor(
      {
        encoder: 'off',
        cache_folder: join(run.folder, 'cache'),
        models_root: join(run.folder, 'routing'),
        keys_folder: keys,
      },
      { through },
    ),
  );
  return {
    registry,
    router,
    keys,
    async serves(name) {
      await until(
        `${name} to serve`,
        async () => {
          const id = `look ${looks++}`;
          await stage.submit({ id, text: `${MASTERS[0]} work` });
          const decided = await until(`${id} to be decided`, () => log.last(id), 30_000);
          return decided.record.decision?.models.router === name;
        },
        60_000,
      );
    },
    async train(name, seed) {
      const folder = join(run.folder, name);
      const rows: TrainingRow[] = MASTERS.flatMap((label) =>
        Array.from({ length: 12 }, (_, i) => ({ text: `${label} work number ${i + seed * 100}`, label })),
      );
      await saveServedRouter(await trainRouter({ masters: [], rows, seed }), folder);
      return folder;
    },
  };
}
