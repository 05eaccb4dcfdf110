// The champion of the registry's adapters, laid out on this machine in `current/`, where the library looks for it.
import { type ActorContext, followModels, NotProvisioned, openModelRegistry } from '@cortex/bus';
import { type Adapter, loadAdapter } from '@cortex/models';
import type { LibrarianSettings } from './settings.js';

/** Does nothing without a root and keys, or on a bus without a registry. */
export async function followAdapters(
  context: ActorContext,
  { models_root: root, keys_folder: keys }: LibrarianSettings,
): Promise<void> {
  if (root === undefined || keys === undefined) return;
  try {
    const following = await followModels<Adapter>(await openModelRegistry(context.bus, { keys }), {
      family: 'encoder',
      root,
      aliases: ['champion'],
      load: loadAdapter,
      log: context.log,
      onTrouble: (reason) => context.degrade('adapter', reason),
      onModels: () => undefined,
    });
    context.add({ name: 'registry of models', stop: () => following.close() });
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
  }
}
