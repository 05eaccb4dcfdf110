// A worker as a process of its own, for tests that kill, pause or end it. Its one argument is JSON; it tells on standard output what it does.
import { silentLogger } from '@cortex/bus';
import { type RunWorkerOptions, runWorker, type WorkerOptions, worker } from './index.js';

interface Program extends Omit<WorkerOptions, 'handle'> {
  /** Milliseconds the handler takes, deaf to its signal. */
  readonly workMs?: number;
  readonly exec?: RunWorkerOptions['exec'];
}

const { workMs = 0, exec, ...options } = JSON.parse(process.argv[2] ?? '{}') as Program;
const common = { ...options, log: silentLogger, telemetry: false };
const running = exec
  ? await runWorker({ ...common, exec })
  : await worker({
      ...common,
      async handle(job) {
        process.stdout.write(`begun ${job.task.id} ${job.attempt}\n`);
        await new Promise((resolve) => setTimeout(resolve, workMs));
      },
    });
process.stdout.write('ready\n');
await running.finished;
process.stdout.write('finished\n');
