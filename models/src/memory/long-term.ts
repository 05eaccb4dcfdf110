// Long-term memory: which lessons are worth reading for a task. Pure: similarity comes in, an order with its reasons comes out.
import type { Lesson } from '@cortex/schemas';
import { provenByOutcomes, refutedByOutcomes, type Usual } from './proof.js';

/** A lesson that is not confirmed loses half its weight in so many days. */
export const HALF_LIFE_DAYS = 45;
/** Below this freshness a lesson is shown as stale. */
export const STALE_BELOW = 0.25;
const TRUST = { own: 1, known: 0.8, outside: 0.5 } as const;
/** What a source's word is worth. */
const SOURCE = { person: 1, correction: 1, outcome: 0.8, reflection: 0.6 } as const;

export interface Recalled {
  readonly lesson: Lesson;
  readonly score: number;
  readonly stale: boolean;
  /** In words, for the trace. */
  readonly why: string;
}

export interface RecallOptions {
  readonly master: string;
  /** How much a lesson's task is like this one, 0 to 1. */
  readonly similarity: (lesson: Lesson) => number;
  readonly now?: Date;
  /** Most lessons. Default 5. */
  readonly most?: number;
  /** Least similarity. Default 0.25. */
  readonly atLeast?: number;
}

/** 1 for a lesson confirmed now, halved every {@link HALF_LIFE_DAYS}. */
export function freshness(lesson: Pick<Lesson, 'confirmed_at'>, now = new Date()): number {
  const days = Math.max(0, now.getTime() - Date.parse(lesson.confirmed_at)) / 86_400_000;
  return 0.5 ** (days / HALF_LIFE_DAYS);
}

/** Mean of a Beta distribution with two imagined uses, one of each kind: new lessons start at a half. */
export function usefulness(lesson: Pick<Lesson, 'useful' | 'useless'>): number {
  return (lesson.useful + 1) / (lesson.useful + lesson.useless + 2);
}

/** Whether a master's workers may read a lesson. */
export function mayRead(lesson: Lesson, master: string): boolean {
  return lesson.superseded_by === undefined && (lesson.master === master || (lesson.shared && lesson.proven));
}

/** The lessons to read, best first. */
export function recall(lessons: readonly Lesson[], options: RecallOptions): Recalled[] {
  const { master, similarity, now = new Date(), most = 5, atLeast = 0.25 } = options;
  return lessons
    .filter((lesson) => mayRead(lesson, master))
    .map((lesson): Recalled & { like: number } => {
      const like = similarity(lesson);
      const fresh = freshness(lesson, now);
      const worth = usefulness(lesson);
      const trust = TRUST[lesson.trust] * SOURCE[lesson.source];
      const score = like * (0.3 + 0.7 * fresh) * (0.4 + 1.2 * worth) * trust;
      const stale = fresh < STALE_BELOW;
      const why = [
        `alike ${like.toFixed(2)}`,
        `useful ${lesson.useful} of ${lesson.useful + lesson.useless}`,
        `trust ${lesson.trust}/${lesson.source}`,
        stale ? `stale: last confirmed ${lesson.confirmed_at.slice(0, 10)}` : `fresh ${fresh.toFixed(2)}`,
        lesson.master === master ? 'own' : `shared by ${lesson.master}`,
      ].join(', ');
      return { lesson, score, stale, why, like };
    })
    .filter(({ like }) => like >= atLeast)
    .sort((a, b) => b.score - a.score || (a.lesson.id < b.lesson.id ? -1 : 1))
    .slice(0, most)
    .map(({ lesson, score, stale, why }) => ({ lesson, score, stale, why }));
}

/**
 * The lesson after it was there at a task that went well or badly. Proven by outcomes it is shared; proven no more it is its master's again.
 * What a person shared stays shared until outcomes speak against it.
 * @param usual the master's tasks of that kind, with and without it
 */
export function afterUse(lesson: Lesson, success: boolean, usual?: Usual, now = new Date()): Lesson {
  const next = {
    ...lesson,
    used: lesson.used + 1,
    useful: lesson.useful + (success ? 1 : 0),
    useless: lesson.useless + (success ? 0 : 1),
    confirmed_at: success ? now.toISOString() : lesson.confirmed_at,
  };
  if (lesson.shared_by === 'person') return { ...next, proven: !refutedByOutcomes(next) };
  // What anyone could have had a hand in is shared by a person's word only.
  return lesson.trust !== 'outside' && provenByOutcomes(next, usual)
    ? { ...next, proven: true, shared: true }
    : { ...next, proven: false };
}

/** Whether a lesson belongs among the patterns that everybody may retrieve. */
export function isPattern(lesson: Lesson, now = new Date()): boolean {
  return (
    lesson.shared &&
    lesson.proven &&
    lesson.superseded_by === undefined &&
    (lesson.trust !== 'outside' || lesson.shared_by === 'person') &&
    freshness(lesson, now) >= STALE_BELOW
  );
}

/** Whether `newer` takes the place of `older`: the same matter, and a word worth at least as much. */
export function supersedes(newer: Lesson, older: Lesson): boolean {
  return (
    newer.id !== older.id &&
    newer.master === older.master &&
    newer.key === older.key &&
    older.superseded_by === undefined &&
    SOURCE[newer.source] >= SOURCE[older.source]
  );
}
