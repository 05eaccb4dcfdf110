// The desk where questions to people lie: who has which, when it passes to the next, when it gets its default. Pure; what happened goes in,
// moves come out. The one thing to know: every question ends as answered or expired, whatever people do.
import { chooseQuestions } from '@cortex/models';
import { choiceOf, type ReviewAnswer, type ReviewRequest, WORKER_QUESTION } from '@cortex/schemas';

export interface OpenReview {
  readonly request: ReviewRequest;
  readonly askedAt: number;
  readonly deadline: number;
  assignedTo: string | undefined;
  assignedAt: number;
  escalations: number;
}

export interface ClosedReview {
  readonly at: number;
  readonly how: 'answered' | 'expired';
  readonly word: string;
  readonly by: string;
}

export interface Desk {
  readonly open: Map<string, OpenReview>;
  readonly closed: Map<string, ClosedReview>;
  /** By task, for answers that name no question. */
  readonly byTask: Map<string, string>;
  /** Questions in a row that a person let pass. */
  readonly missed: Map<string, number>;
  /** Put to people today. */
  today: { day: string; count: number };
  turn: number;
}

export type DeskMove =
  | { readonly do: 'assign' | 'escalate'; readonly review: OpenReview; readonly from?: string }
  | { readonly do: 'expire'; readonly review: OpenReview }
  | {
      readonly do: 'contradiction';
      readonly id: string;
      readonly task: string | undefined;
      readonly first: ClosedReview;
      readonly second: ClosedReview;
    };

export interface DeskSettings {
  readonly reviewers: readonly string[];
  readonly reviewsADay: number;
  readonly assignMs: number;
  readonly reviewMs: number;
}

const MOST = 50_000;
/** Who let so many pass in a row gets none until he answers again. */
const AWAY = 3;

export function newDesk(): Desk {
  return {
    open: new Map(),
    closed: new Map(),
    byTask: new Map(),
    missed: new Map(),
    today: { day: '', count: 0 },
    turn: 0,
  };
}

/** A question was asked, or said again with whom it lies now. */
export function takeRequest(desk: Desk, request: ReviewRequest, settings: DeskSettings, now: number): void {
  if (desk.closed.has(request.id)) return;
  const before = desk.open.get(request.id);
  const askedAt = before?.askedAt ?? Date.parse(request.asked_at);
  const own = request.deadline === undefined ? Number.POSITIVE_INFINITY : Date.parse(request.deadline);
  const review: OpenReview = {
    request: before?.request ?? request,
    askedAt,
    deadline: Math.min(own, askedAt + settings.reviewMs),
    assignedTo: typeof request.assigned_to === 'string' ? request.assigned_to : before?.assignedTo,
    assignedAt: typeof request.assigned_to === 'string' ? now : (before?.assignedAt ?? 0),
    escalations: Math.max(before?.escalations ?? 0, Number(request.escalations ?? 0)),
  };
  desk.open.set(request.id, review);
  // What somebody says of a task answers where it belongs, not what its worker asks.
  if (request.task !== undefined && !request.id.startsWith(WORKER_QUESTION)) desk.byTask.set(request.task, request.id);
  bound(desk.open);
  bound(desk.byTask);
}

/** Somebody answered. A second, other answer does not close anything again, but is noticed. */
export function takeAnswer(desk: Desk, answer: ReviewAnswer, now: number): DeskMove[] {
  const id = answer.review ?? (answer.task === undefined ? undefined : desk.byTask.get(answer.task));
  if (id === undefined) return [];
  const word = answer.master ?? answer.answer ?? '';
  const by = answer.by ?? 'somebody';
  const machine = by === 'watchdog';
  // Our own orders about a task (take its lease) answer no question.
  if (machine && answer.review === undefined) return [];
  if (!machine) desk.missed.delete(by);
  // A word that the question does not offer leaves it open.
  const asked = desk.open.get(id)?.request;
  if (!machine && asked?.choices && choiceOf(asked, word) === undefined) return [];
  const closed: ClosedReview = { at: now, how: machine ? 'expired' : 'answered', word, by };
  const first = desk.closed.get(id);
  if (first) {
    if (machine || first.how === 'expired' || first.word === word) return [];
    return [{ do: 'contradiction', id, task: answer.task, first, second: closed }];
  }
  desk.open.delete(id);
  desk.closed.set(id, closed);
  bound(desk.closed);
  return [];
}

/** Time passes: questions are put to people within the day's budget, pass on, and end. */
export function lookAtDesk(desk: Desk, settings: DeskSettings, now: number): DeskMove[] {
  const moves: DeskMove[] = [];
  const day = new Date(now).toISOString().slice(0, 10);
  if (desk.today.day !== day) desk.today = { day, count: 0 };
  const waiting: OpenReview[] = [];
  for (const review of desk.open.values()) {
    if (now >= review.deadline) moves.push({ do: 'expire', review });
    else if (review.assignedTo === undefined) waiting.push(review);
    else if (now - review.assignedAt >= settings.assignMs) {
      const from = review.assignedTo;
      desk.missed.set(from, (desk.missed.get(from) ?? 0) + 1);
      const to = nextReviewer(desk, settings, from);
      review.escalations++;
      review.assignedAt = now;
      review.assignedTo = to ?? from;
      moves.push({ do: 'escalate', review, from });
    }
  }
  if (waiting.length === 0 || settings.reviewers.length === 0) return moves;
  const chosen = chooseQuestions(
    waiting.map(({ request, askedAt, deadline }) => ({
      id: request.id,
      probabilities: request.probabilities ?? {},
      text: `${request.question} ${typeof request.context?.text === 'string' ? request.context.text : ''}`,
      waited: (now - askedAt) / Math.max(1, deadline - askedAt),
      group: groupOf(request),
    })),
    settings.reviewsADay - desk.today.count,
    { seed: Math.floor(now / 1_000) },
  );
  for (const { id } of chosen) {
    const review = desk.open.get(id);
    const to = nextReviewer(desk, settings, undefined);
    if (!review || to === undefined) break;
    desk.today.count++;
    review.assignedTo = to;
    review.assignedAt = now;
    moves.push({ do: 'assign', review });
  }
  return moves;
}

/** In turn, without those who seem to be away; when all seem to be, everybody counts again. */
function nextReviewer(desk: Desk, { reviewers }: DeskSettings, not: string | undefined): string | undefined {
  const there = reviewers.filter((name) => name !== not && (desk.missed.get(name) ?? 0) < AWAY);
  const among = there.length > 0 ? there : reviewers.filter((name) => name !== not);
  return among[desk.turn++ % Math.max(1, among.length)];
}

/** Whose questions must not be left behind: by where they would most likely go. */
function groupOf({ probabilities, kind }: ReviewRequest): string {
  const best = Object.entries(probabilities ?? {}).sort((a, b) => b[1] - a[1])[0]?.[0];
  return `${kind} ${best ?? ''}`;
}

function bound(map: Map<string, unknown>): void {
  while (map.size > MOST) map.delete(map.keys().next().value as string);
}

/** The most likely candidate of a question; undefined when nothing speaks for one. */
export function bestCandidate({ candidates, probabilities }: ReviewRequest): string | undefined {
  const named = Object.entries(probabilities ?? {})
    .filter(
      ([name, p]) =>
        p > 0 &&
        name !== 'coordinator' &&
        (candidates === undefined || candidates.length === 0 || candidates.includes(name)),
    )
    .sort((a, b) => b[1] - a[1]);
  return named[0]?.[0] ?? candidates?.find((name) => name !== 'coordinator');
}
