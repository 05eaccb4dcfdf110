// Training beside the event loop: a niced child process learns while leases are renewed and questions answered here.
// The one thing to know: a child that dies (memory, a signal) is an error with its exit code, never a silent hang.
import { fork } from 'node:child_process';
import type { MoeJob, MoeJobResult } from './job.js';
import { MoeDataError } from './rows.js';
import type { MoeProgress, MoeTrainOptions } from './settings.js';
import type { MoeMaster, MoeModel, MoeRow } from './types.js';

export type ChildJob = MoeJob;

export type ChildMessage =
  | { kind: 'progress'; progress: MoeProgress }
  | { kind: 'result'; result: MoeJobResult }
  | { kind: 'failed'; message: string; stack: string | undefined; row: number | null };

/** The child ended without a result. */
export class TrainingCrashedError extends Error {
  readonly code = 'training-crashed';
  constructor(
    readonly exitCode: number | null,
    readonly exitSignal: string | null,
    readonly reason?: string,
  ) {
    super(`The training process ended without a result: ${reason ?? exitSignal ?? `exit code ${exitCode}`}`);
    this.name = 'TrainingCrashedError';
  }
}

// Built code, also when the caller runs from src: a child process cannot read TypeScript.
const SCRIPT = new URL('../../dist/moe/child-process.js', import.meta.url);

export interface ChildOptions {
  onEpoch?: (progress: MoeProgress) => void;
  /** Ends the child; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * @throws MoeDataError for a row that cannot be learned from.
 * @throws TrainingCrashedError when the child ends without a result.
 */
export function runInChild(job: MoeJob, { onEpoch, signal }: ChildOptions = {}): Promise<MoeJobResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = fork(SCRIPT, {
      serialization: 'advanced',
      execArgv: [],
      // The native backend's notes about the processor are nobody's error.
      env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let outcome: (() => void) | undefined;
    const abort = () => {
      outcome = () => reject(signal?.reason);
      child.kill();
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'progress') onEpoch?.(message.progress);
      else if (message.kind === 'result') outcome ??= () => resolve(message.result);
      else outcome ??= () => reject(failureOf(message));
    });
    child.once('error', (error) => {
      outcome ??= () => reject(error);
    });
    child.once('close', (code, exitSignal) => {
      signal?.removeEventListener('abort', abort);
      if (outcome) outcome();
      else reject(new TrainingCrashedError(code, exitSignal));
    });
    child.send(job);
  });
}

function failureOf({ message, row }: Extract<ChildMessage, { kind: 'failed' }>): Error {
  if (row === null) return new TrainingCrashedError(null, null, message);
  return new MoeDataError(row, message.replace(/^Row \d+: /, ''));
}

/** As `trainMoe`, in a child process of low priority: the event loop stays free. */
export async function trainMoeInChild(
  rows: readonly MoeRow[],
  masters: readonly MoeMaster[],
  options: MoeTrainOptions = {},
): Promise<MoeModel> {
  const { onEpoch, signal, ...plain } = options;
  const job: MoeJob = { rows: [...rows], masters: [...masters], options: plain };
  return (await runInChild(job, { ...(onEpoch ? { onEpoch } : {}), ...(signal ? { signal } : {}) })).model;
}
