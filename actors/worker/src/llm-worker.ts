// The door of the LLM worker. What it needs (LangChain, a tokenizer) is loaded when it is first used: a worker that runs commands goes without.
import type { RunLlmOptions } from './llm/run.js';
import type { RunningWorker } from './worker.js';

export type { RunLlmOptions } from './llm/run.js';

/** A worker whose handler is a language model. Throws a RangeError for a bad setting, and what `worker` throws. */
export async function runLlmWorker(options: RunLlmOptions): Promise<RunningWorker> {
  const { runLlm } = await import('./llm/run.js');
  return runLlm(options);
}
