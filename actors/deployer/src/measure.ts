// The state of a trial and of what serves, as gauges. Every replica says the same: boards take the largest, not the sum.
import { count, type ModelVersion, observe, type Reading } from '@cortex/bus';
import { type ExpectedAccuracy, evidenceOf, meanOfArm } from '@cortex/models';
import type { Phase, TrialState } from './state.js';

const PHASES: readonly Phase[] = ['idle', 'shadow', 'asked', 'canary', 'probation'];
const ALIASES = ['champion', 'challenger', 'shadow'] as const;
const ARMS = ['champion', 'challenger'] as const;
/** Figures of an evaluation that are passed on: a trainer may write hundreds. */
const MOST_FIGURES = 30;

export interface MeasuredTrial {
  state(): TrialState;
  /** What is known of a version by its name; undefined until it was looked up. */
  version(name: string): ModelVersion | undefined;
  /** What its newest decisions promise; undefined until enough is known. */
  expected(): ExpectedAccuracy | undefined;
}

/** Measures one family until the returned function is called. */
export function measureTrial(family: string, { state, version, expected }: MeasuredTrial): () => void {
  const serving = <T>(each: (alias: string, version: ModelVersion) => T[]): T[] =>
    ALIASES.flatMap((alias) => {
      const name = state().aliases[alias];
      const known = name === undefined ? undefined : version(name);
      return known ? each(alias, known) : [];
    });
  const ends = [
    observe('modelVersion', () => serving((alias, known) => [[known.version, { family, alias }]])),
    observe('modelAge', () =>
      serving((alias, known) => [[(Date.now() - Date.parse(known.created_at)) / 1_000, { family, alias }]]),
    ),
    observe('modelFigure', () =>
      serving((alias, known) =>
        Object.entries(known.metrics)
          .slice(0, MOST_FIGURES)
          .flatMap(([figure, value]): Reading<'modelFigure'>[] =>
            value === null ? [] : [[value, { family, alias, figure }]],
          ),
      ),
    ),
    observe('modelFailures', () => {
      const { baseline, detector } = state().watch.overall;
      const promised = expected();
      return [
        ...(baseline === undefined ? [] : [[baseline, { family, when: 'before' }] as const]),
        ...(detector?.recent == null ? [] : [[detector.recent, { family, when: 'lately' }] as const]),
        ...(promised === undefined ? [] : [[1 - promised.now, { family, when: 'expected' }] as const]),
      ];
    }),
    observe('trialPhase', () => PHASES.map((phase) => [state().phase === phase ? 1 : 0, { family, phase }] as const)),
    observe('trialUnits', () => ARMS.map((arm) => [state().evidence.reward.total[arm].rows, { family, arm }] as const)),
    observe('trialReward', () =>
      ARMS.map((arm) => [meanOfArm(state().evidence.reward, arm) ?? Number.NaN, { family, arm }] as const),
    ),
    observe('trialGain', () => {
      const { gain, rows } = state().evidence.pairs;
      return rows === 0 ? [] : [[gain / rows, { family }]];
    }),
    observe('trialEvidence', () => {
      const { better, worse } = state().evidence.pairs;
      return [
        [evidenceOf(better), { family, that: 'better' }],
        [evidenceOf(worse), { family, that: 'worse' }],
      ];
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Something happened to a model. */
export function countModelEvent(family: string, event: string): void {
  count('modelEvents', { family, event });
}
