// The LLM worker: plan → retrieve → split → (act → check)* → report, as runnables of LangChain. A step takes the state and gives a new one.

import { isBusTrouble, RetryLater, withSpan } from '@cortex/bus';
import { assignVersion, complexityOf, promptFor, remember, taskTypeOf } from '@cortex/models';
import { type PromptVersion, promptRef, type TaskMemory } from '@cortex/schemas';
import { RunnableLambda, RunnableSequence } from '@langchain/core/runnables';
import type { Handler, Job, JobResult } from '../job.js';
import { answerKey } from './cache.js';
import { ModelAway, ModelMisconfigured, RateLimited } from './errors.js';
import { sleep } from './model.js';
import { contextHash } from './piece.js';
import { startSpend } from './spend.js';
import { type Around, explained, type State } from './state.js';
import { act } from './steps/act.js';
import { check, criteriaOf } from './steps/check.js';
import { plan, taskText } from './steps/plan.js';
import { failure, finish, report } from './steps/report.js';
import { retrieve } from './steps/retrieve.js';
import { split } from './steps/split.js';
import { countEvent } from './telemetry.js';
import { tokensOf } from './tokens.js';
import { openWorkplace } from './tools/worktree.js';

/** Milliseconds after which a task is tried again when the server is away or its settings are wrong. */
const AWAY_MS = 15_000;
const MISCONFIGURED_MS = 60_000;

export function llmHandler(around: Around): Handler {
  const step = (name: string, work: (state: State) => Promise<State>) =>
    RunnableLambda.from(async (state: State) => {
      if (state.result) return state;
      state.job.signal.throwIfAborted();
      return work(state);
    }).withConfig({ runName: name });
  const chain = RunnableSequence.from<State, State>([
    step('plan', plan),
    step('retrieve', retrieve),
    step('split', split),
    step('cache', fromCache),
    step('work', work),
    step('report', report),
  ]);
  const once: Handler = (job) =>
    withSpan('llm worker', { 'cortex.task.id': job.task.id, 'cortex.master': job.master }, async () => {
      const started = await begin(around, job);
      if ('result' in started && started.result) return started.result;
      let state = started as State;
      try {
        state = openPlace(state);
        state = await chain.invoke(state, { signal: job.signal });
        return await finish(state);
      } catch (error) {
        job.signal.throwIfAborted();
        if (error instanceof RateLimited || error instanceof ModelAway)
          throw new RetryLater(error.message, error.retryAfterMs ?? AWAY_MS);
        if (error instanceof ModelMisconfigured) {
          job.log.error('the task is given back until the settings are mended', {
            task: job.task.id,
            error: error.message,
          });
          throw new RetryLater(error.message, MISCONFIGURED_MS);
        }
        // Trouble of the bus or the machine: the task is given back as it is.
        if (isBusTrouble(error)) throw error;
        return await finish(failure(state, error as Error));
      } finally {
        await state.workplace?.remove();
      }
    });
  return async (job) => {
    for (;;) {
      try {
        return await once(job);
      } catch (error) {
        // A server that is away is no fault of the task's, but every delivery counts: the last one waits here, its place left to others.
        if (!(error instanceof RetryLater) || !job.lastAttempt) throw error;
        job.log.info('waits here: it is the last delivery', { task: job.task.id, reason: error.message });
        await job.aside(sleep(error.retryAfterMs ?? AWAY_MS, job.signal));
      }
    }
  };
}

/** What is known before the first call: type, prompt, memory, budget. A task that was finished before its worker died is not paid twice. */
async function begin(around: Around, job: Job): Promise<State | { result: JobResult }> {
  const { memory, settings } = around;
  const { task } = job;
  const label = (task.labels as Record<string, string> | undefined)?.type;
  const taskType = taskTypeOf(taskText(task), label);
  const complexity = complexityOf(task.text, job.decision.prediction?.complexity);
  const known = await memory.changeTask(task.id, (before) => {
    if (before && before.revision === (job.revision ?? before.revision)) return before;
    const fresh: TaskMemory = {
      task: task.id,
      master: job.master,
      ...(job.revision === undefined ? {} : { revision: job.revision }),
      notes: [],
      summary: '',
      summarised: 0,
      // What was spent under an earlier decision is spent.
      spent: before?.spent ?? { input: 0, output: 0, reserved: 0 },
      subtasks: [],
      updated_at: new Date().toISOString(),
    };
    return fresh;
  });
  if (known.result) {
    job.log.info('the result of an earlier attempt is handed in', { task: task.id });
    return { result: known.result as JobResult };
  }
  const { version, labelled } = await choosePrompt(around, task.id, taskType);
  const track = await memory.record(job.master, taskType);
  const budget = (task.budget ?? {}) as { tokens?: number };
  const spend = startSpend({
    memory,
    task: task.id,
    master: job.master,
    limits: { ...settings.budget, task: Math.min(settings.budget.task, budget.tokens ?? Number.POSITIVE_INFINITY) },
    price: settings.price,
    before: known.spent,
    note: async (spent) => {
      await memory.changeTask(task.id, (m) => ({ ...(m ?? known), spent, updated_at: new Date().toISOString() }));
    },
  });
  return {
    around,
    job,
    taskType,
    complexity,
    criteria: criteriaOf(task),
    prompt: version,
    promptLabel: labelled,
    marker: '',
    spend,
    memory: known,
    recalled: [],
    history:
      track && track.tasks >= 3
        ? `So far ${track.succeeded} of ${track.tasks} such tasks succeeded, with ${Math.round(track.tokens / track.tasks)} tokens each.`
        : '',
    plan: undefined,
    pieces: [],
    withoutContext: undefined,
    workplace: undefined,
    round: 1,
    report: undefined,
    evidence: [],
    problems: [],
    met: [],
    explanation: [
      `${taskType}, ${complexity.complex ? 'complex' : 'simple'} (${complexity.why})`,
      `prompt ${promptRef(version)} (${labelled})`,
    ],
    result: undefined,
  };
}

async function choosePrompt(
  around: Around,
  taskId: string,
  taskType: string,
): Promise<{ version: PromptVersion; labelled: 'production' | 'candidate' }> {
  const heads = await around.prompts.list();
  const head = promptFor(heads, taskType);
  const assigned = head && assignVersion(head, taskId);
  if (!head || !assigned)
    throw new RetryLater(`no prompt serves tasks of the type ${taskType}: add one with "cortex prompts add"`, AWAY_MS);
  return { version: await around.prompts.version(head.name, assigned.version), labelled: assigned.label };
}

function openPlace(state: State): State {
  const { repository, allowEdits, allowCommands, commandTimeoutMs } = state.around.settings;
  if (repository === undefined || (allowEdits.length === 0 && allowCommands.length === 0)) return state;
  const { border } = state.around;
  return {
    ...state,
    workplace: openWorkplace({ repository, allowEdits, allowCommands, commandTimeoutMs, border }),
  };
}

/** Only for the identical task with the same prompt version and the same context: a flag more is another task. */
async function fromCache(state: State): Promise<State> {
  const key = answerKey(state);
  if (key === undefined) return state;
  const answer = await state.around.memory.answer(key).catch(() => undefined);
  if (!answer) return state;
  countEvent('cache-hit', state.job.master);
  return explained(
    { ...state, result: { ...(answer as JobResult), tokens: 0, cost_usd: 0, cached: true } },
    `the answer to the identical task with context ${contextHash(state.pieces).slice(0, 12)} is used again`,
  );
}

/** Acts and checks until it is good enough, at most `reflections` times more than once. */
async function work(state: State): Promise<State> {
  const most = 1 + state.around.settings.reflections;
  let current = state;
  for (let round = 1; round <= most; round++) {
    current.job.signal.throwIfAborted();
    current = await act({ ...current, round });
    if (current.report) current = await check(current);
    current = { ...current, met: [...new Set([...current.met, ...current.problems.map((p) => p.kind)])] };
    if (current.problems.length === 0)
      return explained(current, round === 1 ? 'accepted' : `accepted after ${round} rounds`);
    current = explained(current, `round ${round}: ${current.problems.map((p) => p.text).join('; ')}`);
    // A refusal was asked about already; more rounds only cost.
    if (current.problems.some((p) => p.kind === 'refused')) return current;
    if (round < most) current = await reflect(current);
  }
  return current;
}

/** What was learned from a round is noted, so that the next round, or the next worker, knows. */
async function reflect(state: State): Promise<State> {
  const text = state.around.border.pass(
    [
      state.report?.answer.slice(0, 1_000) ?? '',
      ...state.problems.map((p) => `${p.text}${p.said ? `: ${p.said}` : ''}`),
    ].join('\n'),
  );
  const options = { budgetTokens: state.around.settings.notesTokens, count: tokensOf };
  const memory = await state.around.memory.changeTask(state.job.task.id, (known) =>
    remember(known ?? state.memory, { kind: 'reflection', text }, options),
  );
  return { ...state, memory };
}
