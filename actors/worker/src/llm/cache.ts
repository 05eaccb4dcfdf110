// The key under which a finished answer may be used again: everything that could make the answer another one.
import { promptRef } from '@cortex/schemas';
import { contextHash, hashOf } from './piece.js';
import type { State } from './state.js';
import { feedbackOf } from './steps/act.js';

/** Fields of a task that say who sent it and when, not what is wanted. */
const NOT_CONTENT = new Set(['id', 'priority', 'deadline', 'budget', 'source', 'submitted_at', 'subtask']);

/** Undefined when the answer must not come from a cache: it changes something, or is made of other tasks. */
export function answerKey(state: State): string | undefined {
  const { settings } = state.around;
  const { job, plan, memory } = state;
  if (
    !settings.cache ||
    state.workplace ||
    plan?.subtasks.length ||
    memory.notes.length > 0 ||
    feedbackOf(state) !== ''
  )
    return undefined;
  const content = Object.entries(job.task)
    .filter(([field]) => !NOT_CONTENT.has(field))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return hashOf(
    JSON.stringify([
      content,
      job.master,
      promptRef(state.prompt),
      state.prompt.sha256,
      settings.model,
      settings.temperature,
      contextHash(state.pieces),
      state.recalled
        .map(({ lesson, stale }) => hashOf(`${lesson.about}\0${lesson.lesson}\0${lesson.worked}\0${stale}`))
        .sort(),
      state.criteria,
    ]),
  );
}
