// The desk on the bus: reads questions and answers from the stream REVIEWS, and says there who has a question now, and how it ended.
import { type Bus, followStream, type Logger, publish } from '@cortex/bus';
import {
  decodeMessage,
  EVENT_TYPES,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
} from '@cortex/schemas';
import type { Finding } from '../finding.js';
import { EVENT_HOLD_MS } from '../finding.js';
import {
  bestCandidate,
  type DeskMove,
  type DeskSettings,
  lookAtDesk,
  newDesk,
  takeAnswer,
  takeRequest,
} from './desk.js';

export interface Keeper {
  /** Moves what is due; only the leader calls it. */
  look(now: number): void;
  readonly caughtUp: Promise<void>;
  stop(): void;
}

export interface KeeperOptions {
  readonly bus: Bus;
  readonly settings: () => DeskSettings & { readonly reviewDefault: 'stay' | 'best' };
  readonly onFindings: (findings: readonly Finding[], now: number) => void;
  readonly log: Logger;
}

const RETRY_MS = 5_000;

export function openKeeper({ bus, settings, onFindings, log }: KeeperOptions): Keeper {
  const { subjects } = bus;
  const desk = newDesk();
  /** Endings under way: said once, though the desk hears of them only when the stream comes back. */
  const ending = new Set<string>();
  let looking = false;
  const reading = followStream(bus, subjects.stream('REVIEWS'), undefined, log, (message) => {
    const at = message.time.getTime();
    try {
      if (message.subject === subjects.reviewsRequested)
        takeRequest(desk, decodeMessage('review', reviewRequestSchema, message.data), settings(), at);
      else {
        const moves = takeAnswer(desk, decodeMessage('answer', reviewAnswerSchema, message.data), at);
        if (looking)
          onFindings(
            moves.flatMap((move) => findingOf(move, at)),
            at,
          );
      }
    } catch {
      // Anyone may publish answers; a malformed one answers nothing.
    }
  });
  const carryOut = async (move: DeskMove, now: number) => {
    if (move.do === 'contradiction') return;
    const { request, assignedTo, escalations } = move.review;
    if (move.do === 'expire') {
      if (ending.has(request.id)) return;
      ending.add(request.id);
      const best =
        settings().reviewDefault === 'best' && request.kind === 'routing' ? bestCandidate(request) : undefined;
      const answer: ReviewAnswer = {
        review: request.id,
        ...(request.task === undefined ? {} : { task: request.task }),
        ...(best === undefined ? { answer: 'expired' } : { master: best }),
        by: 'watchdog',
        // No person said so: it is no label.
        default: true,
        at: new Date(now).toISOString(),
        comment:
          best === undefined
            ? `nobody answered: ${request.default ?? 'nothing is done'}`
            : 'nobody answered: the most likely one gets it',
      };
      await publish(bus, subjects.reviewsAnswered, answer, {
        type: EVENT_TYPES.reviewAnswered,
        id: `expired-${request.id}`,
        retryMs: RETRY_MS,
      });
      return;
    }
    const again: ReviewRequest = {
      ...request,
      state: move.do === 'assign' ? 'assigned' : 'escalated',
      assigned_to: assignedTo,
      assigned_at: new Date(now).toISOString(),
      escalations,
    };
    await publish(bus, subjects.reviewsRequested, again, {
      type: EVENT_TYPES.reviewRequested,
      id: `review-${request.id}-${assignedTo}-${escalations}`,
      retryMs: RETRY_MS,
    });
  };
  return {
    caughtUp: reading.caughtUp,
    look(now) {
      looking = true;
      const moves = lookAtDesk(desk, settings(), now);
      const findings = moves.flatMap((move) => findingOf(move, now));
      if (findings.length > 0) onFindings(findings, now);
      for (const move of moves)
        void carryOut(move, now).catch((error) => {
          if (move.do === 'expire') ending.delete(move.review.request.id);
          log.warn('a question could not be moved on', { error: String(error) });
        });
    },
    stop: () => reading.stop(),
  };
}

/** What people should hear of: who lets questions lie, what nobody answered, who disagrees. */
function findingOf(move: DeskMove, now: number): Finding[] {
  const shared = { kind: 'review' as const, since: now, holdMs: EVENT_HOLD_MS };
  if (move.do === 'contradiction')
    return [
      {
        ...shared,
        target: `review:${move.id}`,
        severity: 'info',
        summary: `${move.first.by} and ${move.second.by} answer ${move.id} differently: ${move.first.word}, ${move.second.word}`,
        cause: 'two people judge the same task differently; each answer is kept as a label with its author',
        evidence: { first: move.first, second: move.second },
        ...(move.task === undefined ? {} : { task: move.task }),
      },
    ];
  if (move.do === 'escalate')
    return [
      {
        ...shared,
        target: `reviewer:${move.from}`,
        severity: 'warning',
        summary: `${move.from} lets questions lie: ${move.review.request.id} passes to ${move.review.assignedTo}`,
        cause: 'nobody answered in the time a person has for a question',
        evidence: { review: move.review.request.id, escalations: move.review.escalations },
      },
    ];
  return [];
}
