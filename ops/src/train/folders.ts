// Where trained models lie, in the mission's tree: `current` serves. Below `CORTEX_MODELS`, else `models` in the home folder of `cortex up`.
import { join } from 'node:path';
import { homeFolder } from '../up/home.js';

export interface ModelFolders {
  /** The router that serves. */
  readonly router: string;
  /** The predictor (success, minutes, tokens, complexity) that serves. */
  readonly predictor: string;
}

export function modelFolders(env: NodeJS.ProcessEnv = process.env): ModelFolders {
  const root = env.CORTEX_MODELS || join(homeFolder(env), 'models');
  return { router: join(root, 'routing', 'current'), predictor: join(root, 'prediction', 'current') };
}
