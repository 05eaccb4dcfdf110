// Training beside the event loop: a niced child process learns while leases are renewed here.
// The one thing to know: the child ends when its trainer is gone, and a child that dies is an error with its exit code.
import { fork } from 'node:child_process';
import type { Finished, FromChild, ToChild } from './child-messages.js';

// Built code, also when the caller runs from src: a child process cannot read TypeScript.
const SCRIPT = new URL('../../dist/family/child-process.js', import.meta.url);

export interface ChildOptions {
  readonly onProgress?: (stage: string, share: number) => void;
  readonly onPoint?: (tag: string, value: number, step: number) => void;
  /** Ends the child; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The rows, or what they were trained with, do not do; trying again would fail in the same way. */
export class TrainingFailed extends Error {
  override readonly name = 'TrainingFailed';
  constructor(
    readonly cause_name: string,
    message: string,
  ) {
    super(message);
  }
}

/** The child ended without a result: killed, or out of memory. Another try may succeed. */
export class TrainingDied extends Error {
  override readonly name = 'TrainingDied';
  constructor(
    readonly code: number | null,
    readonly killedBy: string | null,
  ) {
    super(`the training process ended without a result (${killedBy ?? `exit code ${code}`})`);
  }
}

/** What the child ended with. @throws TrainingFailed or TrainingDied. */
export function runChild(task: ToChild, options: ChildOptions = {}): Promise<Finished> {
  const { signal, onProgress, onPoint } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = fork(SCRIPT, {
      execArgv: [],
      env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let outcome: (() => void) | undefined;
    const abort = () => {
      outcome = () => reject(signal?.reason);
      child.kill('SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (message: FromChild) => {
      if (message.kind === 'progress') onProgress?.(message.stage, message.share);
      else if (message.kind === 'point') onPoint?.(message.tag, message.value, message.step);
      else if (message.kind === 'failed') outcome ??= () => reject(new TrainingFailed(message.name, message.message));
      else outcome ??= () => resolve(message);
    });
    child.once('error', (error) => {
      outcome ??= () => reject(error);
    });
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', abort);
      if (outcome) outcome();
      else reject(new TrainingDied(code, killedBy));
    });
    child.send(task);
  });
}
