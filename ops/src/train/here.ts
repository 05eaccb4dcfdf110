// A training without a trainer: the trainer's own stages in a child of this process, under the lease that all trainings of a family share.
import { dirname, join } from 'node:path';
import type { GivenRows, Performed } from '@cortex/actor-trainer';
import type { Bus } from '@cortex/bus';
import type { TrainJobInput } from '@cortex/schemas';
import { cacheFolder } from '../provide/index.js';
import { trainingFolder } from '../up/home.js';
import { modelFolders } from './folders.js';
import { archived, type LocalFamily, openRegistry, type Placed, placeTrained, whyItWaits } from './registry.js';

export interface TrainedHere extends Performed, Placed {
  readonly family: LocalFamily;
  /** Where it lies on this machine. */
  readonly folder: string;
}

export interface HereInput {
  readonly job: TrainJobInput;
  /** Learn from these; default: the log and the recorder's files. */
  readonly rows?: GivenRows;
  /** Folder of the encoder; empty: words alone. */
  readonly encoder: string;
  readonly promote: boolean;
  readonly by: string;
  readonly onProgress: (stage: string, share: number) => void;
  readonly onWait: () => void;
  readonly signal: AbortSignal;
}

/** @throws what `trainHere` of the trainer throws. */
export async function trainInThisProcess(bus: Bus, input: HereInput): Promise<TrainedHere> {
  const { Board, Documents, LEASE_MS, Leases, trainedFamily, trainHere } = await import('@cortex/actor-trainer');
  const { checkMessage, trainJobSchema } = await import('@cortex/schemas');
  const folders = modelFolders();
  const family = trainedFamily(input.job.family);
  const registry = await openRegistry(bus, folders);
  const documents = await Documents.open(bus);
  const announce = (await whyItWaits(bus, registry, family, input.promote)) !== undefined && input.promote;
  const job = checkMessage('train job', trainJobSchema, {
    ...input.job,
    options: { ...input.job.options, announce },
  });
  const performed = await trainHere(
    {
      bus,
      board: new Board(documents, bus.instance),
      registry,
      runs: join(dirname(folders.roots.router), 'runs'),
      encoder: input.encoder,
      vectors: join(cacheFolder(process.env), 'vectors'),
      trainingData: trainingFolder(),
      mlflow: process.env.MLFLOW_TRACKING_URI ?? '',
      say: () => undefined,
    },
    job,
    {
      leases: new Leases(documents, bus.instance, LEASE_MS),
      onProgress: input.onProgress,
      onWait: input.onWait,
      signal: input.signal,
      ...(input.rows ? { rows: input.rows } : {}),
    },
  );
  const name = performed.version;
  const placed = await placeTrained(bus, registry, family, name, { promote: input.promote, by: input.by });
  const archive = await registry.fetch(name, archived(name, family, folders));
  const folder = placed.waits === undefined ? await registry.fetch(name, folders[family]) : archive;
  return { ...performed, ...placed, family, folder };
}
