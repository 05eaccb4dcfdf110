// Anomalies of the fleet: windows here, models in a thread, findings within the day's budget. Never a reason to act by itself.
import { Worker } from 'node:worker_threads';
import type { Logger } from '@cortex/bus';
import { openWindows } from '@cortex/models';
import type { Beat } from '../events.js';
import type { Finding } from '../finding.js';
import { openBudget } from './budget.js';
import type { ScorerOptions } from './scorer.js';
import type { FromThread, ToThread } from './thread.js';

export interface Anomalies {
  take(beat: Beat, now: number): void;
  tick(now: number): void;
  /** Autoencoders from a folder of the family `anomaly`; undefined: none. */
  use(folder: string | undefined): void;
  stop(): Promise<void>;
}

export interface AnomaliesOptions {
  readonly windowMs: number;
  readonly aDay: () => number;
  readonly onFindings: (findings: readonly Finding[], now: number) => void;
  readonly log: Logger;
  readonly scorer?: ScorerOptions;
}

const THREAD = new URL('../../dist/anomalies/thread.js', import.meta.url);
const MEMORY_MB = 512;

export function watchAnomalies(options: AnomaliesOptions): Anomalies {
  const windows = openWindows(options.windowMs);
  const budget = openBudget(options.aDay);
  let thread: Worker | undefined;
  let folder: string | undefined;
  let stopped = false;
  const open = (): Worker => {
    const started = new Worker(THREAD, {
      workerData: options.scorer ?? {},
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    started.unref();
    started.on('message', (message: FromThread) => {
      if (message.kind === 'refused') {
        options.log.warn('a trained model of anomalies is not used', { reason: message.reason });
        return;
      }
      const now = Date.now();
      const finding = budget.take(message.score, now);
      if (finding) options.onFindings([finding], now);
    });
    started.on('error', (error) => {
      options.log.warn('the scoring of anomalies ended and begins anew', { error: String(error) });
      if (thread === started) thread = undefined;
    });
    if (folder !== undefined) started.postMessage({ kind: 'models', folder } satisfies ToThread);
    return started;
  };
  return {
    take(beat, now) {
      if (options.aDay() > 0) windows.take(beat, now);
    },
    tick(now) {
      for (const row of windows.close(now)) {
        if (stopped) return;
        thread ??= open();
        thread.postMessage({ kind: 'row', row } satisfies ToThread);
      }
    },
    use(next) {
      folder = next;
      thread?.postMessage({ kind: 'models', folder: next } satisfies ToThread);
    },
    async stop() {
      stopped = true;
      if (thread) await close(thread);
    },
  };
}

const CLOSE_MS = 3_000;

/** Lets the thread end by itself: one that is cut off in the middle of a model's run can take the process with it. */
async function close(thread: Worker): Promise<void> {
  const gone = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  thread.postMessage({ kind: 'close' } satisfies ToThread);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([gone, late]);
  clearTimeout(timer);
  await thread.terminate();
}
