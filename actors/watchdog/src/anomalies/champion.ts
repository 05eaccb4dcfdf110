// The champion of the registry's family `anomaly` on this machine: the autoencoders that the scoring thread uses.
import { type ActorContext, type Following, followModels, NotProvisioned, openModelRegistry } from '@cortex/bus';
import { ANOMALY_FAMILY, loadAnomalies } from '@cortex/models';

/** Follows it; `onFolder` gets the folder of what serves, whole and checked, and undefined when none does. */
export async function followAnomalies(
  context: ActorContext,
  { models_root: root, keys_folder: keys }: { models_root?: string | undefined; keys_folder?: string | undefined },
  onFolder: (folder: string | undefined) => void,
): Promise<void> {
  if (root === undefined || keys === undefined) return;
  let current: string | undefined;
  let following: Following;
  try {
    following = await followModels<string>(await openModelRegistry(context.bus, { keys }), {
      family: ANOMALY_FAMILY,
      root,
      aliases: ['champion'],
      // Loaded here only to be checked: sessions cannot be handed to another thread.
      async load(folder) {
        for (const { session } of (await loadAnomalies(folder)).values()) await session.release();
        return folder;
      },
      log: context.log,
      onTrouble: (reason) => context.degrade('anomaly models', reason),
      onModels({ champion }) {
        if (champion?.name === current) return;
        current = champion?.name;
        onFolder(champion?.model);
      },
    });
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    context.log.warn('there is no registry of models on this bus: anomalies are found without an autoencoder', {
      reason: error.message,
    });
    return;
  }
  context.add({ name: 'anomaly models', stop: () => following.close() });
}
