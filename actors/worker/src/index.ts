export { RetryableError, RetryLater } from '@cortex/bus';
export { type WorkerActorDefinition, workerActor } from './actor.js';
export { CommandNotFound, checkCommand } from './exec/command.js';
export { EXEC_DEFAULTS, type ExecOptions, execHandler } from './exec/handler.js';
export { type Handler, type Job, type JobResult, JobStopped, type StopReason } from './job.js';
export { WORKER_DEFAULTS, type WorkerSettings } from './settings.js';
export { type RunningWorker, type RunWorkerOptions, runWorker, type WorkerOptions, worker } from './worker.js';
