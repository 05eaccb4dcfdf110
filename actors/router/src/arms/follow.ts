// The routers of the registry on this machine: the champion handed to what serves, challenger and shadow kept beside it.
import {
  type ActorContext,
  type Following,
  followModels,
  type MasterRegistry,
  NotProvisioned,
  openModelRegistry,
} from '@cortex/bus';
import { loadServedRouter, type RouterModel } from '@cortex/models';
import type { RouterSettings } from '../settings.js';
import type { WorksOptions } from '../works.js';
import type { TrialPanel } from './arm-routing.js';
import { type TrialModel, trialModel } from './trial-model.js';

export interface FollowedRouters {
  /** Models on trial that can be heard now. */
  trials(): TrialPanel[];
  /** Whether the registry says who serves; a folder filled by hand counts only where it does not. */
  governs(): boolean;
  /** The encoder came or went. */
  again(): void;
}

export interface RouterFollowing {
  readonly context: ActorContext;
  readonly masters: MasterRegistry;
  readonly settings: RouterSettings;
  readonly works: WorksOptions;
  readonly onChampion: (champion: { name: string; model: RouterModel } | undefined) => void;
}

const NOTHING: FollowedRouters = { trials: () => [], governs: () => false, again: () => undefined };
const FIRST_LOOK_MS = 10_000;

/** Without a folder for models or keys, or without a registry on this bus, nothing is followed. */
export async function followRouters(options: RouterFollowing): Promise<FollowedRouters> {
  const { context, masters, settings, works } = options;
  const { models_root: root, keys_folder: keys } = settings;
  if (root === undefined || keys === undefined) return NOTHING;
  const beside = new Map<string, TrialModel>();
  let arms: { arm: TrialPanel['arm']; model: TrialModel }[] = [];
  let champion: string | undefined;
  let following: Following;
  try {
    following = await followModels<RouterModel>(await openModelRegistry(context.bus, { keys }), {
      family: 'router',
      root,
      log: context.log,
      load: (folder) => loadServedRouter(folder),
      onTrouble: (reason) => context.degrade('registry', reason),
      onModels(models) {
        if (models.champion?.name !== champion) {
          champion = models.champion?.name;
          options.onChampion(models.champion);
        }
        arms = (['challenger', 'shadow'] as const).flatMap((arm) => {
          const followed = models[arm];
          if (!followed) return [];
          const model =
            beside.get(followed.name) ??
            trialModel(followed.name, followed.model, masters, {
              ...works,
              debounceMs: settings.debounce_ms,
              log: context.log,
            });
          beside.set(followed.name, model);
          return [{ arm, model }];
        });
        for (const [name, model] of beside) {
          if (arms.some((trial) => trial.model === model)) continue;
          model.close();
          beside.delete(name);
        }
      },
    });
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    context.log.warn('there is no registry of models on this bus: folders alone are looked at', {
      reason: error.message,
    });
    return NOTHING;
  }
  context.add({
    name: 'registry of models',
    async stop() {
      await following.close();
      for (const model of beside.values()) model.close();
    },
  });
  // What is in the archive is there in a moment; what has to be brought from afar comes while rules serve.
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FIRST_LOOK_MS);
  });
  await Promise.race([following.settled(), enough]);
  clearTimeout(timer);
  return {
    governs: () => following.aliases().revision > 0,
    trials: () =>
      arms.flatMap(({ arm, model }) => {
        const panel = model.panel();
        return panel ? [{ arm, name: model.name, panel }] : [];
      }),
    again: () => {
      for (const model of beside.values()) model.again();
    },
  };
}
