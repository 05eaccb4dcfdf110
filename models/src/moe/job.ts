// One training as a message: what a child process is asked to do, and what it answers.
// The one thing to know: everything in it is plain data, so that it crosses a process boundary as it is.
import { type BackendName, chooseBackend } from '../backend/index.js';
import { type MoePredictions, predictMoe } from './predict.js';
import type { MoeProgress, MoeTrainOptions } from './settings.js';
import { trainMoe } from './train.js';
import type { MoeMaster, MoeModel, MoeRow } from './types.js';

export interface MoeJob {
  rows: MoeRow[];
  masters: MoeMaster[];
  options: Omit<MoeTrainOptions, 'onEpoch' | 'signal'>;
  /** Rows to be answered by the trained network. Default: none. */
  predict?: MoeRow[];
  /** Rungs of the TensorFlow.js ladder to try. Default: all. */
  backends?: readonly BackendName[];
}

export interface MoeJobResult {
  model: MoeModel;
  /** Where rows were given. */
  predicted: MoePredictions | null;
}

export async function runJob(job: MoeJob, onEpoch?: (progress: MoeProgress) => void): Promise<MoeJobResult> {
  const backend = await chooseBackend(job.backends ? { among: job.backends } : {});
  const model = await trainMoe(job.rows, job.masters, { ...job.options, ...(onEpoch ? { onEpoch } : {}) }, backend);
  return { model, predicted: job.predict ? predictMoe(backend.tf, model, job.predict) : null };
}
