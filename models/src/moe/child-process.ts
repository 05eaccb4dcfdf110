// The child's side of `runInChild`: one job in, progress and one result out, then it ends.
// The one thing to know: it lowers its own priority first, and ends when its parent is gone.
import { setPriority } from 'node:os';
import type { ChildJob, ChildMessage } from './child.js';
import { runJob } from './job.js';
import { MoeDataError } from './rows.js';

const NICENESS = 10;

function say(message: ChildMessage): void {
  process.send?.(message);
}

process.once('disconnect', () => process.exit(1));
process.once('message', async (job: ChildJob) => {
  try {
    setPriority(NICENESS);
    const result = await runJob(job, (progress) => say({ kind: 'progress', progress }));
    process.removeAllListeners('disconnect');
    process.send?.({ kind: 'result', result } satisfies ChildMessage, () => process.disconnect());
  } catch (error) {
    const { message, stack } = error as Error;
    process.removeAllListeners('disconnect');
    const failure: ChildMessage = {
      kind: 'failed',
      message,
      stack,
      row: error instanceof MoeDataError ? error.row : null,
    };
    process.send?.(failure, () => process.disconnect());
  }
});
