// A worker whose work can be seen from outside: it writes a line to a file for each task it has done. Tasks carry their own faults in labels.
import { appendFileSync } from 'node:fs';
import { type Job, worker } from '@cortex/actor-worker';

const [name = '', master = '', concurrency = '4'] = process.argv.slice(2);
const effects = process.env.CHAOS_EFFECTS ?? '';

async function handle(job: Job) {
  const labels = (job.task.labels ?? {}) as Record<string, string>;
  if (job.attempt === 1 && labels.fault === 'endless') await new Promise(() => undefined);
  if (job.attempt === 1 && labels.fault === 'block') {
    const until = performance.now() + Number(labels.block_ms);
    while (performance.now() < until);
  }
  const until = performance.now() + Number(labels.ms ?? 5);
  // A paused process must not find its work done when it wakes up.
  while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
  appendFileSync(effects, `${JSON.stringify({ task: job.task.id, attempt: job.attempt, worker: name })}\n`);
}

const running = await worker({
  name,
  master,
  handle,
  concurrency: Number(concurrency),
  abortGraceMs: 1_000,
  ...(process.env.CHAOS_TIME_LIMIT_MS ? { timeLimitMs: Number(process.env.CHAOS_TIME_LIMIT_MS) } : {}),
});
await running.finished;
