// From the last state to the outcome, and to what is remembered of it. Nothing a model said becomes anything but text in here.
import { withSpan } from '@cortex/bus';
import { promptRef } from '@cortex/schemas';
import type { JobResult } from '../../job.js';
import { answerKey } from '../cache.js';
import { BudgetSpent } from '../errors.js';
import { learn } from '../learn.js';
import { contextHash, placeOf } from '../piece.js';
import { explained, type State } from '../state.js';
import { countEvent } from '../telemetry.js';

const ANSWER_LENGTH = 32_000;
const DIFF_LENGTH = 65_536;

export async function report(state: State): Promise<State> {
  const { report: said, problems, evidence, workplace } = state;
  const done = said !== undefined && problems.length === 0;
  const diff = done && workplace ? await workplace.diff() : '';
  const result: JobResult = {
    status: done ? 'completed' : 'failed',
    success: done,
    ...(said ? { answer: said.answer.slice(0, ANSWER_LENGTH) } : {}),
    ...(done
      ? {}
      : {
          error: `not accepted after ${state.round} ${state.round === 1 ? 'round' : 'rounds'}: ${problems.map((p) => p.text).join('; ')}`,
        }),
    ...(state.met.length > 0 ? { problems: [...state.met] } : {}),
    evidence: evidence.map((e) => ({ ...e })),
    ...(diff !== ''
      ? { diff: diff.slice(0, DIFF_LENGTH), ...(diff.length > DIFF_LENGTH ? { diff_truncated: true } : {}) }
      : {}),
  };
  return { ...state, result };
}

/** The state after something that ended the work: a spent budget, an answer nobody can use. */
export function failure(state: State, error: Error): State {
  const spent = error instanceof BudgetSpent ? { budget: error.whose } : {};
  const text = state.around.border.pass(error.message).slice(0, 2_000);
  return explained(
    { ...state, result: { status: 'failed', success: false, error: text, ...spent, evidence: [] } },
    text,
  );
}

/** Adds what it cost and how it came about, remembers it, and gives the outcome. */
export async function finish(state: State): Promise<JobResult> {
  const { around, job, spend } = state;
  const { input, output, costUsd } = spend.total();
  const cached = state.result?.cached === true;
  const warnings = spend.warnings();
  if (warnings.length > 0) {
    countEvent('budget-warning', job.master);
    job.log.warn('a token budget is spent to more than 80 %', { task: job.task.id, budgets: warnings.join(', ') });
  }
  const result: JobResult = around.border.passAll({
    ...state.result,
    prompt: promptRef(state.prompt),
    prompt_label: state.promptLabel,
    task_type: state.taskType,
    model: around.model.name,
    tokens: cached ? 0 : input + output,
    tokens_input: cached ? 0 : input,
    tokens_output: cached ? 0 : output,
    ...(around.settings.price.input + around.settings.price.output > 0 ? { cost_usd: cached ? 0 : costUsd } : {}),
    rounds: state.round,
    context: {
      pieces: state.pieces.map((piece) => ({
        id: piece.id,
        source: placeOf(piece),
        sha256: piece.sha256,
        trust: piece.trust,
      })),
      hash: contextHash(state.pieces),
      ...(state.withoutContext === undefined ? {} : { missing: state.withoutContext }),
    },
    explanation: state.explanation,
    ...(warnings.length > 0 ? { budget_warnings: warnings } : {}),
  });
  return withSpan('remember', {}, async () => {
    const key = result.success === true && !cached ? answerKey({ ...state, problems: [] }) : undefined;
    // What cannot be remembered does not undo what was done.
    await Promise.allSettled([
      around.memory.changeTask(job.task.id, (known) => ({ ...(known ?? state.memory), result })),
      learn(state, result),
      ...(key === undefined ? [] : [around.memory.putAnswer(key, result)]),
    ]);
    return result;
  });
}
