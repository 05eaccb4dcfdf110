// `cortex review list/answer`: the questions the system has for people.
import type { Bus } from '@cortex/bus';
import {
  choiceOf,
  decodeMessage,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
  WORKER_QUESTION,
} from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed, WrongInput } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, note, percent, printJson, printText, ranked, shorten } from '../output/index.js';
import { lookAtBus, person, withBus } from '../session.js';
import { readStored } from '../stored.js';
import { knownMaster, sendAnswer } from './correct.js';

interface Flags extends BusFlags {
  all?: boolean;
  json?: boolean;
}

interface AnswerFlags extends Flags {
  master?: string;
  answer?: string;
  comment?: string;
}

export function addReview(program: Command): void {
  const review = program
    .command('review')
    .summary('the human in the loop')
    .description('Where the system is unsure it asks a person. Here are its questions, and here they are answered.');
  withExample(review, 'review list', 'review answer REVIEW security');
  const list = review.command('list').description('Questions nobody has answered yet.').action(listReviews);
  list.option('--all', 'answered ones too');
  const answer = review
    .command('answer')
    .description(
      'Answers a question: with a master when it is about routing, or with a word such as approve or reject.',
    )
    .argument('<review>', 'id of the question, or of its task')
    .argument('<answer>', 'the right master, or approve, reject …')
    .option('--comment <text>', 'why')
    .action(answerReview);
  withExample(list, 'review list');
  withExample(answer, 'review answer REVIEW security', 'review answer REVIEW approve --comment "looked at it"');
  for (const command of [list, answer]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

export interface Question {
  readonly request: ReviewRequest;
  readonly answer?: ReviewAnswer;
}

/** Every kept question with its answer: by id, or, for one about a task, by the task. */
export function matched(requests: readonly ReviewRequest[], answers: readonly ReviewAnswer[]): Question[] {
  const byReview = new Map<string, ReviewAnswer>();
  const byTask = new Map<string, ReviewAnswer[]>();
  for (const answer of answers) {
    if (answer.review !== undefined) byReview.set(answer.review, answer);
    else if (answer.task !== undefined) byTask.set(answer.task, [...(byTask.get(answer.task) ?? []), answer]);
  }
  // The same question may be stored twice when its asker was not sure that it was.
  const unique = new Map(requests.map((request) => [request.id, request]));
  return [...unique.values()].map((request) => {
    // What somebody says of a task answers where it belongs, not what its worker asks.
    const ofTask = request.id.startsWith(WORKER_QUESTION) ? undefined : byTask.get(request.task ?? '');
    const later = ofTask?.find((a) => a.at === undefined || Date.parse(a.at) >= Date.parse(request.asked_at));
    const answer = byReview.get(request.id) ?? later;
    return { request, ...(answer ? { answer } : {}) };
  });
}

async function questions(bus: Bus): Promise<Question[]> {
  const requests: ReviewRequest[] = [];
  const answers: ReviewAnswer[] = [];
  for await (const { subject, data } of readStored(bus, 'REVIEWS', bus.subjects.reviews)) {
    try {
      if (subject === bus.subjects.reviewsRequested) requests.push(decodeMessage('review', reviewRequestSchema, data));
      else answers.push(decodeMessage('answer', reviewAnswerSchema, data));
    } catch {
      // Anyone may publish answers; a malformed one answers nothing.
    }
  }
  return matched(requests, answers);
}

async function listReviews(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const shown = (await questions(bus)).filter((question) => flags.all || !question.answer);
    if (flags.json) {
      return printJson(
        shown.map(({ request, answer }) => ({ ...request, ...(flags.all && answer ? { answered: answer } : {}) })),
      );
    }
    if (shown.length === 0) return note('cortex: nobody is asked anything');
    const c = colours();
    for (const { request, answer } of shown) {
      const likely = ranked(request.probabilities ?? {})
        .slice(0, 3)
        .map(([master, share]) => `${master} ${percent(share)}`);
      printText(
        [
          `${c.bold(request.id)}  ${request.kind}, ${age(request.asked_at)}${request.task ? `, task ${shorten(request.task, 60)}` : ''}`,
          `  ${shorten(request.question, 300)}`,
          ...(likely.length > 0 ? [c.dim(`  likely: ${likely.join(', ')}`)] : []),
          ...(answer
            ? [c.green(`  answered: ${answer.master ?? answer.answer ?? '?'}${answer.by ? ` by ${answer.by}` : ''}`)]
            : [c.dim(`  cortex review answer ${request.id} ${hintOf(request)}`)]),
        ].join('\n'),
      );
    }
  });
}

function hintOf({ kind, choices }: ReviewRequest): string {
  if (kind === 'routing') return 'MASTER';
  return choices?.join(' | ') ?? (kind === 'worker' ? 'ANSWER' : 'approve');
}

async function answerReview(id: string, word: string, flags: AnswerFlags): Promise<void> {
  await withBus(flags, async (bus) => {
    const all = await questions(bus);
    const question =
      all.find(({ request }) => request.id === id) ?? all.find(({ request, answer }) => request.task === id && !answer);
    if (!question)
      throw new WrongInput(
        'REVIEW',
        `there is no question "${shorten(id, 80)}"; "cortex review list" shows the open ones`,
      );
    if (question.answer)
      throw new Failed(
        `${id} is answered already (${question.answer.master ?? question.answer.answer ?? '?'}); "cortex correct" changes where a task belongs`,
      );
    const { request } = question;
    const choice = choiceOf(request, word);
    if (choice === undefined)
      throw new WrongInput('ANSWER', `"${shorten(word, 80)}" is none of ${request.choices?.join(', ')}`);
    const master = request.kind === 'routing' ? await knownMaster(bus, word, 'ANSWER') : undefined;
    const answer: ReviewAnswer = {
      review: request.id,
      ...(request.task === undefined ? {} : { task: request.task }),
      ...(master === undefined ? { answer: choice } : { master }),
      by: person(),
      at: new Date().toISOString(),
      ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    };
    await sendAnswer(bus, answer);
    if (flags.json) return printJson(answer);
    printText(
      master === undefined
        ? `${request.id} answered: ${choice}`
        : `${shorten(request.task ?? request.id, 80)} goes to ${master}`,
    );
  });
}
