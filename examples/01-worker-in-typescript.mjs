// A worker with the SDK, and a task for it. Run: node examples/01-worker-in-typescript.mjs   (Cortex runs: npm start)
import { randomUUID } from 'node:crypto';
import { RetryLater, worker } from '@cortex/actor-worker';
import { connectBus, publish } from '@cortex/bus';
import { EVENT_TYPES } from '@cortex/schemas';

const bus = await connectBus({ name: 'example' });

// 1. A worker of the master `security`. `bus` lends it this connection; without it, it makes its own from NATS_URL.
const running = await worker({
  master: 'security',
  concurrency: 2,
  timeLimitMs: 60_000,
  bus,
  async handle(job) {
    console.log(`attempt ${job.attempt}: ${job.task.text}`);
    // Not the task's fault, so not a failure: it comes back after the delay, to this worker or another.
    if (job.attempt === 1) throw new RetryLater('the scanner is starting', 200);
    for (let done = 0; done < 3; done++) {
      // Cancelled, out of time, or the worker must stop: letting the throw pass is all there is to do.
      job.signal.throwIfAborted();
      job.gauge('files_scanned', done * 100);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // All of it is optional. A throw would report `failed` with its text.
    return { tokens: 812, quality: 0.9, evidence: [{ kind: 'report', ref: 'https://example.org/report/1' }] };
  },
});

// 2. See how it ends: the server repeats every step of a task's life on a live subject.
const id = `example-${randomUUID()}`;
const settled = new Promise((resolve) => {
  bus.nc.subscribe(bus.subjects.live('settled'), {
    callback: (error, msg) => {
      if (!error && msg.json().task.id === id) resolve(msg.json().outcome);
    },
  });
});

// 3. A task. `master` pins it; leave that out and the router decides.
await publish(
  bus,
  bus.subjects.submit,
  { id, text: 'Scan the payments repo for CVE-2026-1234', master: 'security', priority: 'high' },
  { type: EVENT_TYPES.taskSubmit, id },
);
console.log('outcome:', await settled);

await running.stop();
await bus.close();
