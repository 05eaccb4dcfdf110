// Where trained models lie, in the mission's tree: `current` serves, `staging` is on trial, `shadow` only watches, `archive` holds what was here.
// Below `CORTEX_MODELS`, else `models` in the home folder of `cortex up`; keys below `CORTEX_KEYS`, else `keys` there.
import { join } from 'node:path';
import { homeFolder } from '../up/home.js';

export interface ModelFolders {
  /** The router that serves. */
  readonly router: string;
  /** The predictor (success, minutes, tokens, complexity) that serves. */
  readonly predictor: string;
  /** The autoencoders that serve, one for each kind of worker. */
  readonly anomaly: string;
  /** The adapter of the encoder that serves. */
  readonly encoder: string;
  /** What lies above them, by family: `current`, `staging`, `shadow` and `archive` are below. */
  readonly roots: Readonly<Record<'router' | 'predictor' | 'anomaly' | 'encoder', string>>;
  /** The key that signs what is published here, and `trusted/` with the keys of others. */
  readonly keys: string;
}

export function modelFolders(env: NodeJS.ProcessEnv = process.env): ModelFolders {
  const root = env.CORTEX_MODELS || join(homeFolder(env), 'models');
  const roots = {
    router: join(root, 'routing'),
    predictor: join(root, 'prediction'),
    anomaly: join(root, 'anomaly'),
    encoder: join(root, 'embeddings', 'code'),
  };
  return {
    router: join(roots.router, 'current'),
    predictor: join(roots.predictor, 'current'),
    anomaly: join(roots.anomaly, 'current'),
    encoder: join(roots.encoder, 'current'),
    roots,
    keys: env.CORTEX_KEYS || join(homeFolder(env), 'keys'),
  };
}
