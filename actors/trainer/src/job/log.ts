// Where a job's curves go: TensorBoard's files in its folder, and an MLflow server when there is one.
import { hostname } from 'node:os';
import { type ExperimentLog, openMlflow, openTensorboard, together } from '@cortex/models';
import type { TrainJob } from '@cortex/schemas';
import type { Workshop } from './workshop.js';

export async function openLog(shop: Workshop, job: TrainJob, folder: string): Promise<ExperimentLog> {
  const logs: ExperimentLog[] = [await openTensorboard(folder)];
  if (shop.mlflow !== '') {
    try {
      logs.push(
        await openMlflow({
          uri: shop.mlflow,
          run: job.id,
          tags: {
            'cortex.job': job.id,
            'cortex.family': job.family,
            'cortex.reason': job.reason,
            'cortex.requested_by': job.requested_by,
            'cortex.trainer': shop.bus.instance,
            'cortex.host': hostname(),
          },
        }),
      );
    } catch (error) {
      shop.say('the MLflow server cannot be used; the curves are in TensorBoard files alone', {
        error: (error as Error).message,
      });
    }
  }
  return together(logs, (reason) => shop.say('a log of the training cannot be written any more', { reason }));
}
