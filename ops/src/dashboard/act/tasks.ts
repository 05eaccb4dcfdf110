// What an operator does to tasks, questions and dead letters.
import { publish, taskLog } from '@cortex/bus';
import { type Cancel, choiceOf, EVENT_TYPES, type LogRecord, type ReviewAnswer } from '@cortex/schemas';
import { z } from 'zod';
import { sendAnswer } from '../../cli/commands/correct.js';
import { dropLetter, findLetter, retryLetter } from '../../cli/dead-letters.js';
import { WrongInput } from '../../cli/failures.js';
import type { World } from '../world.js';
import { type Deeds, deed } from './deed.js';
import { Refusal } from './refusal.js';

const id = z.string().min(1).max(512);
const words = z.string().max(4_096).optional();

/** The registered name of a master. */
export function knownMaster(world: World, name: string): string {
  const registry = world.registry();
  if (!registry) throw new Refusal(503, 'the registry of masters is not there yet: is the bus up?');
  const master = registry.find(name);
  if (!master) throw new Refusal(400, `there is no master "${name}"`);
  return master.name;
}

async function lastOf(world: World, task: string) {
  const last = await taskLog(world.bus).last(task);
  if (!last) throw new Refusal(404, `no task "${task}" is in the log`);
  return last.record;
}

/** What was completed is not done again. */
function mustNotBeDone({ outcome }: LogRecord): void {
  if (outcome?.success) throw new Refusal(409, 'the task was completed: there is nothing to try again');
}

export const TASK_DEEDS: Deeds = {
  correct: deed(
    // `again`: what has ended without success is done again there.
    z.object({ task: id, master: id, comment: words, again: z.boolean().optional() }),
    async (world, { task, master, comment, again }, by) => {
      const name = knownMaster(world, master);
      const last = await lastOf(world, task);
      if (again) mustNotBeDone(last);
      const at = new Date().toISOString();
      await sendAnswer(world.bus, {
        task,
        master: name,
        by,
        at,
        ...(again ? { answer: 'retry' } : {}),
        ...(comment ? { comment } : {}),
      });
      return {
        said:
          last.settled_as && !again
            ? `Noted: it belonged to ${name}. The next training learns from it.`
            : `It goes to ${name}.`,
        target: task,
        before: { master: last.decision?.master },
        after: { master: name },
        ...(comment ? { reason: comment } : {}),
      };
    },
  ),
  cancel: deed(z.object({ task: id, reason: words }), async (world, { task, reason }, by) => {
    const last = await lastOf(world, task);
    if (last.settled_as) throw new Refusal(409, `the task is ${last.settled_as} already: nothing is left to cancel`);
    const message: Cancel = { task, by, ...(reason ? { reason } : {}) };
    await publish(world.bus, world.bus.subjects.cancel, message, { type: EVENT_TYPES.taskCancel });
    return { said: 'Cancelling it.', target: task, before: { step: last.step }, ...(reason ? { reason } : {}) };
  }),
  'retry-task': deed(z.object({ task: id }), async (world, { task }, by) => {
    const last = await lastOf(world, task);
    mustNotBeDone(last);
    await sendAnswer(world.bus, { task, answer: 'retry', by, at: new Date().toISOString() });
    return { said: 'It is decided anew.', target: task, before: { state: last.settled_as ?? last.step } };
  }),
  'answer-review': deed(
    z.object({ review: id, master: id.optional(), answer: z.string().min(1).max(256).optional(), comment: words }),
    async (world, { review, master, answer, comment }, by) => {
      const question = world.questions().find(({ request }) => request.id === review);
      if (!question) throw new Refusal(404, `there is no question "${review}"`);
      if (question.answer) {
        const { answer: word, master: name, by: who } = question.answer;
        throw new Refusal(409, `it is answered already: ${name ?? word ?? '?'}${who ? `, by ${who}` : ''}`);
      }
      if ((master === undefined) === (answer === undefined))
        throw new Refusal(400, 'give a master, or a word such as approve');
      const choice = answer === undefined ? undefined : choiceOf(question.request, answer);
      if (answer !== undefined && choice === undefined)
        throw new Refusal(400, `"${answer}" is none of ${question.request.choices?.join(', ')}`);
      const name = master === undefined ? undefined : knownMaster(world, master);
      const { request } = question;
      const message: ReviewAnswer = {
        review,
        ...(request.task === undefined ? {} : { task: request.task }),
        ...(name === undefined ? { answer: choice } : { master: name }),
        by,
        at: new Date().toISOString(),
        ...(comment ? { comment } : {}),
      };
      await sendAnswer(world.bus, message);
      return {
        said: name === undefined ? `Answered: ${choice}.` : `It goes to ${name}.`,
        target: review,
        after: { master: name, answer: choice },
        ...(comment ? { reason: comment } : {}),
      };
    },
  ),
  'retry-letter': deed(z.object({ letter: id }), async (world, { letter }) => {
    const kept = await findLetter(world.bus, letter).catch(notThere);
    const said = await retryLetter(world.bus, kept);
    return { said: `Put back: ${said}.`, target: letter, before: { reason: kept.letter.reason } };
  }),
  'drop-letter': deed(z.object({ letter: id }), async (world, { letter }) => {
    const kept = await findLetter(world.bus, letter).catch(notThere);
    await dropLetter(world.bus, kept.sequence);
    return { said: 'Dropped.', target: letter, before: kept.letter };
  }),
};

function notThere(error: unknown): never {
  if (error instanceof WrongInput) throw new Refusal(404, 'this letter is not there any more');
  throw error;
}
