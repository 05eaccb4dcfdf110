// The scorer in a thread of its own: learning a model takes half a second, in which no lease would be renewed.
import { parentPort, workerData } from 'node:worker_threads';
import { openScorer, type ScorerOptions } from './scorer.js';
import type { Row } from './windows.js';

const scorer = openScorer(workerData as ScorerOptions);
parentPort?.on('message', (row: Row) => {
  const score = scorer.take(row);
  if (score) parentPort?.postMessage(score);
});
