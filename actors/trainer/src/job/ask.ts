// Asking for a training: a document that says it is queued, then a message that some trainer pulls.
// The one thing to know: the same id is one job for ever, so whoever is not sure whether it asked may ask again.
import { type Bus, publish } from '@cortex/bus';
import { checkMessage, EVENT_TYPES, type TrainJob, type TrainJobInput, trainJobSchema } from '@cortex/schemas';
import type { Board } from './board.js';

/** @throws InvalidMessage naming the field. */
export async function askForTraining(bus: Bus, board: Board, input: TrainJobInput): Promise<TrainJob> {
  const job = checkMessage('train job', trainJobSchema, input);
  await board.queue(job);
  await publish(bus, bus.subjects.job('train'), job, { type: EVENT_TYPES.job, id: `job-${job.id}` });
  return job;
}
