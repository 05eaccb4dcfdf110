// `--exec CMD` as a handler: the task goes in on standard input as one JSON document, exit code 0 is success. The task's text never
// becomes part of a command line.
import type { Handler, Job, JobResult, JobStopped } from '../job.js';
import { ERROR_LENGTH } from '../verdict.js';
import { type Ended, startChild } from './child.js';
import { readOutput, Tail } from './output.js';

export interface ExecOptions {
  /** Run by `/bin/sh -c` (`cmd` on Windows). */
  readonly command: string;
  /** Milliseconds it may take. Default: none of its own, the worker's `timeLimitMs` holds. */
  readonly timeLimitMs?: number;
  /** Bytes of standard output that are kept (its end). Default 1 MiB; an outcome carries at most 64 KiB of it. */
  readonly outputLimitBytes?: number;
  /** A command that writes more bytes than this is out of control: it is killed and the task failed. Default 64 MiB. */
  readonly outputMaxBytes?: number;
  /** Milliseconds between TERM and KILL. Default 5,000. */
  readonly killAfterMs?: number;
  /** Added to the worker's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the worker's own. */
  readonly cwd?: string;
}

export const EXEC_DEFAULTS = {
  outputLimitBytes: 1_048_576,
  outputMaxBytes: 67_108_864,
  killAfterMs: 5_000,
} as const;

export function execHandler(options: ExecOptions): Handler {
  const limits = { ...EXEC_DEFAULTS, ...options };
  return async (job) => {
    const stdout = new Tail(limits.outputLimitBytes);
    const stderr = new Tail(ERROR_LENGTH);
    let exceeded: string | undefined;
    const child = startChild({
      command: options.command,
      killAfterMs: limits.killAfterMs,
      env: environmentOf(job, { ...process.env, ...options.env }),
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    const exceed = (what: string) => {
      exceeded ??= what;
      child.stop();
    };
    const watch = (from: Tail) => (chunk: Buffer) => {
      from.push(chunk);
      if (stdout.total + stderr.total > limits.outputMaxBytes)
        exceed(`it wrote more than ${limits.outputMaxBytes} bytes`);
    };
    child.stdout.on('data', watch(stdout));
    child.stderr.on('data', watch(stderr));
    const timer =
      options.timeLimitMs === undefined
        ? undefined
        : setTimeout(() => exceed(`the time limit of ${limits.timeLimitMs} ms was reached`), options.timeLimitMs);
    let stoppedBy: JobStopped | undefined;
    const onAbort = () => {
      stoppedBy = job.signal.reason as JobStopped;
      child.stop();
    };
    job.signal.addEventListener('abort', onAbort, { once: true });
    if (job.signal.aborted) onAbort();
    child.stdin.end(`${JSON.stringify({ task: job.task, decision: job.decision, attempt: job.attempt })}\n`);
    try {
      const ended = await child.ended;
      // An exit code after TERM says nothing: a command that ends in order when it is stopped has not done its task.
      if (stoppedBy?.why === 'time-limit') exceeded ??= stoppedBy.message;
      else if (stoppedBy) throw stoppedBy;
      return resultOf(ended, exceeded, stdout, stderr);
    } finally {
      clearTimeout(timer);
      job.signal.removeEventListener('abort', onAbort);
    }
  };
}

/** What the end of a command says about its task. */
export function resultOf(ended: Ended, exceeded: string | undefined, stdout: Tail, stderr: Tail): JobResult {
  const said = readOutput(stdout);
  if (ended.code === 0 && exceeded === undefined) return { ...said, status: 'completed' };
  const complaint = stderr.text().trim();
  const how = ended.code === undefined ? `it was ended by ${ended.signal}` : `it ended with exit code ${ended.code}`;
  const reason = exceeded === undefined ? how : `the command was killed: ${exceeded}`;
  const error = typeof said.error === 'string' && said.error !== '' ? said.error : complaint;
  return {
    ...said,
    status: 'failed',
    success: false,
    error: error === '' ? reason : `${reason}: ${error}`.slice(0, ERROR_LENGTH),
    ...(ended.code === undefined ? {} : { exit_code: ended.code }),
  };
}

function environmentOf(job: Job, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    CORTEX_TASK_ID: job.task.id.replaceAll('\0', ''),
    CORTEX_MASTER: job.master,
    CORTEX_WORKER: job.worker,
    CORTEX_ATTEMPT: String(job.attempt),
    ...(job.traceparent ? { TRACEPARENT: job.traceparent } : {}),
  };
}
