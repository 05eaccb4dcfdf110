export { RetryableError, RetryLater } from '@cortex/bus';
export { type WorkerActorDefinition, workerActor } from './actor.js';
export { CommandNotFound, checkCommand } from './exec/command.js';
export { EXEC_DEFAULTS, type ExecOptions, execHandler } from './exec/handler.js';
export {
  type Handler,
  type Job,
  type JobResult,
  JobStopped,
  type PersonsAnswer,
  type QuestionOptions,
  type StopReason,
} from './job.js';
export type { ContextSource, ContextTask } from './llm/context.js';
export { type BudgetLimits, type LlmSettings, resolveLlm, type SubtaskLimits } from './llm/settings.js';
export { type RunLlmOptions, runLlmWorker } from './llm-worker.js';
export { WORKER_DEFAULTS, type WorkerSettings } from './settings.js';
export { type Standing, standingOf } from './standing.js';
export { type RunningWorker, type RunWorkerOptions, runWorker, type WorkerOptions, worker } from './worker.js';
