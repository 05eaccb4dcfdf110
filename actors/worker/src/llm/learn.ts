// What is kept of a task for those after it: the master's record, a lesson where something was learned, and whether the lessons that were
// read were of use. A lesson stays with its master until it has been there at enough successes.
import { afterUse, cleanText, packVector, supersedes, suspicionOf } from '@cortex/models';
import type { Lesson } from '@cortex/schemas';
import type { JobResult } from '../job.js';
import { hashOf } from './piece.js';
import type { State } from './state.js';
import { taskText } from './steps/plan.js';

export async function learn(state: State, result: JobResult): Promise<void> {
  const { around, job, taskType } = state;
  const success = result.success === true;
  await around.memory.changeRecord(job.master, taskType, (known) => {
    const problems = { ...known.problems };
    for (const kind of (result.problems as string[] | undefined) ?? []) problems[kind] = (problems[kind] ?? 0) + 1;
    return {
      ...known,
      tasks: known.tasks + 1,
      succeeded: known.succeeded + (success ? 1 : 0),
      tokens: known.tokens + (result.tokens ?? 0),
      problems,
    };
  });
  if (result.cached === true) return;
  for (const { master, id } of readLessons(state)) {
    const usual = await around.memory.record(master, taskType);
    await around.memory.changeLesson(master, id, (known) => afterUse(known, success, usual));
  }
  const lesson = await lessonOf(state, success);
  if (!lesson) return;
  const known = await around.memory.lessons(job.master);
  const same = known.find(
    (one) =>
      one.superseded_by === undefined &&
      one.key === lesson.key &&
      one.lesson === lesson.lesson &&
      one.worked === lesson.worked,
  );
  if (same) {
    // Nothing new, but it holds still.
    await around.memory.changeLesson(same.master, same.id, (one) => ({ ...one, confirmed_at: lesson.confirmed_at }));
    return;
  }
  for (const older of known)
    if (supersedes(lesson, older))
      await around.memory.changeLesson(older.master, older.id, (one) => ({ ...one, superseded_by: lesson.id }));
  await around.memory.putLesson(lesson);
}

/** Lessons the answer had before it: those of its own memory, and those that came as patterns. */
function readLessons({ recalled, pieces }: State): { master: string; id: string }[] {
  const found = new Map(recalled.map(({ lesson: { master, id } }) => [`${master}/${id}`, { master, id }]));
  for (const { lesson } of pieces) if (lesson) found.set(`${lesson.master}/${lesson.id}`, lesson);
  return [...found.values()];
}

/** Undefined when nothing new was learned: an answer accepted at once, without a word about it, teaches nothing. */
export async function lessonOf(state: State, success: boolean, now = new Date()): Promise<Lesson | undefined> {
  const { job, report, around, taskType } = state;
  const said = report?.lesson?.trim();
  if (!said && success) return undefined;
  const about = around.border.pass(taskText(job.task)).slice(0, 1_000);
  // Of a failure only what was found out is worth keeping: what a test or a criterion said.
  const found = state.problems.flatMap((problem) =>
    problem.said && problem.kind !== 'not-done' ? [`${problem.text}: ${problem.said.slice(-400)}`] : [],
  );
  const lesson = success ? (said ?? '') : found.join('\n');
  // A lesson that talks to a model is none.
  if (lesson === '' || suspicionOf(lesson).length > 0) return undefined;
  const { encoder } = around.settings;
  const vector = (await encoder?.encode([about]).catch(() => undefined))?.[0];
  const at = now.toISOString();
  return {
    id: hashOf(`${job.task.id}\0${job.revision ?? 0}`).slice(0, 16),
    key: `${taskType}:${hashOf(about.toLowerCase().replace(/\W+/g, ' ').trim()).slice(0, 16)}`,
    master: job.master,
    shared: false,
    task: job.task.id,
    task_type: taskType,
    about,
    lesson: cleanText(around.border.pass(lesson)).slice(0, 1_000),
    worked: success,
    source: success ? 'reflection' : 'outcome',
    // Whoever could write into the context could have had a hand in the lesson.
    trust: state.pieces.some((piece) => piece.trust === 'outside') ? 'outside' : 'known',
    ...(vector && encoder ? { vector: packVector(vector), encoder: encoder.id } : {}),
    used: 0,
    useful: 0,
    useless: 0,
    proven: false,
    learned_at: at,
    confirmed_at: at,
  };
}
