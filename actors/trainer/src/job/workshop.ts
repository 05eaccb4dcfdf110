// What every job needs, in one place.
import type { Bus, ModelRegistry } from '@cortex/bus';
import type { Board } from './board.js';

export interface Workshop {
  readonly bus: Bus;
  readonly board: Board;
  readonly registry: Pick<ModelRegistry, 'publish' | 'list' | 'aliases'>;
  /** Folder of job folders. */
  readonly runs: string;
  /** Folder of the encoder; empty: words alone. */
  readonly encoder: string;
  readonly vectors: string | undefined;
  /** Folder of kept records, for what the log does not hold any more; undefined: none. */
  readonly trainingData: string | undefined;
  /** Address; empty: none. */
  readonly mlflow: string;
  readonly say: (message: string, fields?: Record<string, unknown>) => void;
}
