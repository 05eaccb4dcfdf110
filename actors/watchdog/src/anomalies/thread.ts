// The scorer in a thread of its own: learning a model takes half a second, in which no lease would be renewed. What comes is done in order.
import { parentPort, workerData } from 'node:worker_threads';
import { loadAnomalies, type TelemetryWindow } from '@cortex/models';
import { openScorer, type Score, type ScorerOptions } from './scorer.js';

/** A row to score, or a folder of the family `anomaly` to score with from now on (undefined: none). */
export type ToThread =
  | { readonly kind: 'row'; readonly row: TelemetryWindow }
  | { readonly kind: 'models'; readonly folder: string | undefined }
  | { readonly kind: 'close' };
export type FromThread =
  | { readonly kind: 'score'; readonly score: Score }
  | { readonly kind: 'refused'; readonly reason: string };

const scorer = openScorer(workerData as ScorerOptions);
const say = (message: FromThread) => parentPort?.postMessage(message);
let queue: Promise<void> = Promise.resolve();
parentPort?.on('message', (message: ToThread) => {
  queue = queue.then(() => take(message));
});

async function take(message: ToThread): Promise<void> {
  if (message.kind === 'close') {
    await scorer.use(new Map());
    parentPort?.close();
    return;
  }
  if (message.kind === 'row') {
    const score = await scorer.take(message.row);
    if (score) say({ kind: 'score', score });
    return;
  }
  try {
    await scorer.use(message.folder === undefined ? new Map() : await loadAnomalies(message.folder));
  } catch (error) {
    say({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
  }
}
