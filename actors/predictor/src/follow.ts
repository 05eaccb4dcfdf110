// The champion of the registry's predictors on this machine.
import {
  type ActorContext,
  type FollowedModel,
  type Following,
  followModels,
  NotProvisioned,
  openModelRegistry,
} from '@cortex/bus';
import type { Predictor } from '@cortex/models';
import type { PredictorSettings } from './settings.js';

/** Family under which success, minutes, tokens and complexity are published: one model tells them all. */
const FAMILY = 'predictor';

/** Follows it. Returns whether the registry says who serves; a folder filled by hand counts only where it does not. */
export async function followPredictors(
  context: ActorContext,
  { models_root: root, keys_folder: keys }: PredictorSettings,
  load: (folder: string) => Promise<Predictor>,
  onChampion: (champion: FollowedModel<Predictor> | undefined) => void,
): Promise<() => boolean> {
  if (root === undefined || keys === undefined) return () => false;
  let current: string | undefined;
  let following: Following;
  try {
    following = await followModels<Predictor>(await openModelRegistry(context.bus, { keys }), {
      family: FAMILY,
      root,
      aliases: ['champion'],
      load,
      log: context.log,
      onTrouble: (reason) => context.degrade('registry', reason),
      onModels({ champion }) {
        if (champion?.name === current) return;
        current = champion?.name;
        onChampion(champion);
      },
    });
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    context.log.warn('there is no registry of models on this bus: folders alone are looked at', {
      reason: error.message,
    });
    return () => false;
  }
  context.add({ name: 'registry of models', stop: () => following.close() });
  return () => following.aliases().revision > 0;
}
