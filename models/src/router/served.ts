// A trained router with everything it was trained with: beside its own files, the folder `neural/` holds the network, when there is one.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encoder } from '../encoder/index.js';
import { loadMoe, type MoeModel, NeuralExpert, saveMoe } from '../moe/index.js';
import type { RouterModel } from './router-model.js';
import { type LoadRouterOptions, loadRouter, type RouterManifest, saveRouter } from './store.js';

const NEURAL = 'neural';

export interface NetworkToSave {
  readonly model: MoeModel;
  /** sha256 of the training rows. */
  readonly fingerprint: string;
}

/** Writes the router, and first the network it relies on: whoever watches the folder acts on the router's manifest. */
export async function saveServedRouter(
  router: RouterModel,
  folder: string,
  network?: NetworkToSave,
): Promise<RouterManifest> {
  if (network) {
    const encoder = router.state.encoder?.id ?? '';
    await saveMoe(join(folder, NEURAL), network.model, { encoder, fingerprint: network.fingerprint });
  }
  return saveRouter(router, folder);
}

/** @throws RouterLoadError, or ModelRefusedError for the network; each names the file and what is wrong with it. */
export async function loadServedRouter(
  folder: string,
  encoder?: Encoder,
  options: Omit<LoadRouterOptions, 'experts'> = {},
): Promise<RouterModel> {
  const neural = join(folder, NEURAL);
  const there = await stat(join(neural, 'manifest.json')).then(
    () => true,
    () => false,
  );
  const experts = there ? [await NeuralExpert.create(await loadMoe(neural))] : [];
  return loadRouter(folder, encoder, { ...options, experts });
}
