// A line of challengers: each trained by the same code on more rows than the one before, all tried against the same champion. Pure.
// The one thing to know: the line is tested as one. The bet against "none of them is better than the champion" goes on from one to the next, so
// the error probability holds for the whole line together, however often a newer one takes over. What goes against a version is its own.
import { NO_PAIRS, type PairedEvidence } from '@cortex/models';
import { NOTHING_SEEN, type TrialEvidence } from './evidence.js';
import type { Learnt } from './gate.js';
import type { TrialState } from './state.js';

export interface Lineage {
  readonly champion: string;
  /** The latest of the line, and what it was made of. */
  readonly last: string;
  readonly learnt: Learnt;
  /** Versions in the line, and tasks judged with them. */
  readonly versions: number;
  readonly units: number;
  readonly pairs: PairedEvidence;
}

/** How often failures are corrected, and how often the other side was right then: guesses of the paired test, not evidence. */
export type Habits = Pick<PairedEvidence, 'failures' | 'corrected' | 'others'>;

/** What the line of a version that gives way has shown; undefined where nobody said what the version was made of. */
export function lineageOf(
  champion: string,
  last: string,
  learnt: Learnt | undefined,
  { pairs, units, inherited }: TrialEvidence,
): Lineage | undefined {
  if (!learnt) return undefined;
  const before = inherited ?? { versions: 0, units: 0 };
  return { champion, last, learnt, versions: before.versions + 1, units: before.units + units, pairs };
}

/** Whether a version is made by the same code as another, from more rows. */
export function isMoreOf(now: Learnt | undefined, before: Learnt | undefined): boolean {
  return now !== undefined && before !== undefined && now.code === before.code && now.rows > before.rows;
}

/**
 * What a version begins with: how people correct, which is no matter of versions; the bet of its line, when it goes on with one; and nothing
 * else.
 */
export function evidenceAtStart(
  { lineage, habits, learnt }: Pick<TrialState, 'lineage' | 'habits' | 'learnt'>,
  champion: string | undefined,
  made: Learnt | undefined,
): TrialEvidence {
  const fresh = {
    ...NOTHING_SEEN,
    pairs: { ...NO_PAIRS, ...habits },
    successor: champion !== undefined && isMoreOf(made, learnt[champion]),
  };
  if (!lineage || lineage.champion !== champion || !isMoreOf(made, lineage.learnt)) return fresh;
  const { better, noWorse, failures, corrected, others } = lineage.pairs;
  return {
    ...fresh,
    pairs: { ...NO_PAIRS, better, noWorse, failures, corrected, others },
    inherited: { versions: lineage.versions, units: lineage.units, last: lineage.last },
  };
}

/** Of earlier trials half is remembered: a guess to begin with that soon gives way to what is seen. */
export function habitsOf({ pairs: { failures, corrected, others } }: TrialEvidence): Habits {
  const half = (x: number) => Math.round(x / 2);
  const of = ({ rows, right }: { rows: number; right: number }) => ({
    rows: half(rows),
    right: Math.min(half(rows), half(right)),
  });
  return {
    failures: half(failures),
    corrected: Math.min(half(failures), half(corrected)),
    others: { champion: of(others.champion), challenger: of(others.challenger) },
  };
}
