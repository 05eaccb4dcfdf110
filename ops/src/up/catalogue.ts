// Which actors there are, and how each is made. Loaded lazily: a command that runs none must not wait for models to load.
import { dirname, join } from 'node:path';
import type { ActorDefinition } from '@cortex/bus';
import { cacheFolder } from '../provide/index.js';
import { modelFolders } from '../train/folders.js';
import { settingsOf } from './actor-settings.js';
import { trainingFolder } from './home.js';

export interface ActorNeeds {
  /** Folder of the encoder; undefined when there is none. */
  readonly encoder: string | undefined;
}

export interface ActorRow {
  readonly name: string;
  readonly summary: string;
  /** How many `up` starts when nothing else is said. */
  readonly count: number;
  /** Whether it looks for an encoder before it starts. */
  readonly encodes: boolean;
  /** With its settings of the environment. Throws {@link InvalidMessage} naming one that does not fit. */
  make(needs: ActorNeeds): Promise<ActorDefinition>;
}

/** Vectors on disk: one folder for all actors of a machine, and so one encoder for those of a process. */
const vectors = () => join(cacheFolder(), 'vectors');

/** In the order in which they start; they stop in the opposite order. */
export const ACTORS: readonly ActorRow[] = [
  {
    name: 'router',
    summary: 'says which master should get a task',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { routerActor } = await import('@cortex/actor-router');
      const { router: model_folder, roots, keys: keys_folder } = modelFolders();
      return routerActor({
        encoder: encoder ?? '',
        model_folder,
        models_root: roots.router,
        keys_folder,
        ...settingsOf('router'),
      });
    },
  },
  {
    name: 'predictor',
    summary: 'says how a task would go with each master',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { predictorActor } = await import('@cortex/actor-predictor');
      const { predictor: model_folder, roots, keys: keys_folder } = modelFolders();
      return predictorActor({
        encoder: encoder ?? '',
        vector_folder: vectors(),
        model_folder,
        models_root: roots.predictor,
        keys_folder,
        ...settingsOf('predictor'),
      });
    },
  },
  {
    name: 'coordinator',
    summary: 'admits tasks, decides, settles outcomes',
    count: 1,
    encodes: false,
    async make() {
      const { coordinatorActor } = await import('@cortex/actor-coordinator');
      return coordinatorActor(settingsOf('coordinator'));
    },
  },
  {
    name: 'watchdog',
    summary: 'sees faults, raises alerts, mends',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { watchdogActor } = await import('@cortex/actor-watchdog');
      const { roots, keys: keys_folder } = modelFolders();
      return watchdogActor({
        encoder: encoder ?? '',
        models_root: roots.anomaly,
        keys_folder,
        ...settingsOf('watchdog'),
      });
    },
  },
  {
    name: 'recorder',
    summary: 'keeps what happened as training data',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { recorderActor } = await import('@cortex/actor-recorder');
      return recorderActor({
        folder: trainingFolder(),
        encoder: encoder ?? '',
        vector_folder: vectors(),
        ...settingsOf('recorder'),
      });
    },
  },
  {
    name: 'trainer',
    summary: 'trains models from what was recorded',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { trainerActor } = await import('@cortex/actor-trainer');
      const { roots, keys } = modelFolders();
      return trainerActor({
        models: dirname(roots.router),
        keys,
        encoder: encoder ?? '',
        vector_folder: vectors(),
        training_data: trainingFolder(),
        ...settingsOf('trainer'),
      });
    },
  },
  {
    name: 'deployer',
    summary: 'tries new models, promotes them, rolls back',
    count: 1,
    encodes: false,
    async make() {
      const { deployerActor } = await import('@cortex/actor-deployer');
      return deployerActor(settingsOf('deployer'));
    },
  },
  {
    name: 'librarian',
    summary: 'finds the code, documents and lessons a task needs',
    count: 1,
    encodes: true,
    async make({ encoder }) {
      const { librarianActor } = await import('@cortex/actor-librarian');
      const { roots, keys: keys_folder } = modelFolders();
      return librarianActor({
        encoder: encoder ?? '',
        models_root: roots.encoder,
        keys_folder,
        ...settingsOf('librarian'),
      });
    },
  },
];

export const ACTOR_NAMES: readonly string[] = ACTORS.map((row) => row.name);

/** Thrown for a name that is no actor, or a count that is no count. */
export class BadScale extends Error {
  override readonly name = 'BadScale';
}

/**
 * `router=3,worker=2` over the defaults. `worker` counts too, although it is no fixed actor.
 * Throws {@link BadScale}.
 */
export function parseScale(text: string | undefined): Map<string, number> {
  const counts = new Map(ACTORS.map((row) => [row.name, row.count]));
  if (text === undefined) return counts;
  const known = [...ACTOR_NAMES, 'worker'];
  for (const part of text.split(',').map((p) => p.trim())) {
    const [name = '', count, ...rest] = part.split('=');
    if (!known.includes(name)) throw new BadScale(`there is no actor "${name}"; there are ${known.join(', ')}`);
    const range = name === 'worker' ? RANGE.exec(count ?? '') : null;
    if (range) {
      if (Number(range[1]) > Number(range[2])) throw new BadScale(`"${part}": the first number is the smaller one`);
      counts.set(name, Number(range[1]));
      continue;
    }
    if (count === undefined || rest.length > 0 || !/^\d{1,3}$/.test(count))
      throw new BadScale(
        `"${part}" is not NAME=COUNT, such as router=3 (0 to 999)${name === 'worker' ? ', or worker=LEAST..MOST' : ''}`,
      );
    counts.set(name, Number(count));
  }
  return counts;
}

const RANGE = /^(\d{1,3})\.\.(\d{1,3})$/;

/** `worker=1..5`: the bounds within which forecasts may set the number of workers of each master; undefined when it is fixed. */
export function parseWorkerBounds(text: string | undefined): { least: number; most: number } | undefined {
  const range = RANGE.exec(/(?:^|,)\s*worker=([^,\s]+)/.exec(text ?? '')?.[1] ?? '');
  return range ? { least: Number(range[1]), most: Number(range[2]) } : undefined;
}
