// Whether the champion still does what it did when it began to serve: its failures, overall and by master, watched for ever.
// The one thing to know: this never rolls back. When the world changed, the version before would fail just as well; what helps is training.
import { NEW_DETECTOR, watchRow } from '@cortex/models';
import type { Judged } from './judged.js';
import type { DeployerSettings } from './settings.js';
import { type MasterWatch, NEW_WATCH, type Notice, type TrialState } from './state.js';

const MOST_MASTERS = 100;
const MARGIN = 0.1;

/** One judged task of the version that serves. An alarm is told once per champion and master, with an event for the trainer. */
export function watchJudged(state: TrialState, judged: Judged, settings: DeployerSettings): TrialState {
  const champion = state.aliases.champion;
  if (champion === undefined || judged.executed !== champion || judged.success === undefined) return state;
  const watch = state.watch.champion === champion ? state.watch : successorOf(state.watch, champion);
  const failure = judged.success ? 0 : 1;
  const overall = observe(watch.overall, failure, settings.baseline_units, settings);
  const known = watch.masters[judged.master];
  const masters =
    known || Object.keys(watch.masters).length < MOST_MASTERS
      ? {
          ...watch.masters,
          [judged.master]: observe(
            known ?? { units: 0, failures: 0 },
            failure,
            Math.max(20, Math.round(settings.baseline_units / 5)),
            settings,
          ),
        }
      : watch.masters;
  const next: TrialState = { ...state, watch: { champion, overall, masters } };
  const alarms = [
    ...(overall.detector?.alarmed && !watch.overall.detector?.alarmed ? [{ what: 'overall', ...overall }] : []),
    ...(masters[judged.master]?.detector?.alarmed && !known?.detector?.alarmed
      ? [{ what: judged.master, ...(masters[judged.master] as MasterWatch) }]
      : []),
  ];
  if (alarms.length === 0) return next;
  const ranked = rankedMasters(masters);
  const notices = alarms.flatMap(({ what, baseline, detector }): Notice[] => {
    const summary = `${champion} fails more than it did${what === 'overall' ? '' : ` for ${what}`}: ${percent(detector?.recent)} lately, ${percent(baseline)} before`;
    const evidence = {
      family: state.family,
      champion,
      master: what,
      before: baseline,
      lately: detector?.recent,
      ranked,
    };
    const id = `drift-${champion}-${what}`;
    return [
      {
        id: `${id}-alert`,
        kind: 'alert',
        severity: 'warning',
        alert: 'model-drift',
        summary,
        evidence,
        action: 'retraining is asked for',
      },
      { id: `${id}-event`, kind: 'event', event: 'drift', version: champion, reason: summary, evidence },
    ];
  });
  return { ...next, outbox: [...next.outbox, ...notices], told: next.told + notices.length };
}

function observe(watch: MasterWatch, failure: number, baselineUnits: number, settings: DeployerSettings): MasterWatch {
  const units = watch.units + 1;
  const failures = watch.failures + failure;
  const learns = watch.baseline === undefined || (watch.borrowed === true && !watch.detector?.alarmed);
  if (learns && units >= baselineUnits) {
    // Its own standard error on top: a baseline that was lucky must not make the usual an alarm.
    const rate = (failures + 1) / (units + 2);
    const own = rate + Math.sqrt((rate * (1 - rate)) / units);
    return { units, failures, baseline: Math.min(1, own, watch.baseline ?? 1), detector: NEW_DETECTOR };
  }
  if (watch.baseline === undefined) return { units, failures };
  const detector = watchRow(watch.detector ?? NEW_DETECTOR, failure, {
    baseline: watch.baseline,
    margin: MARGIN,
    runLength: settings.run_length,
  });
  return { units, failures, baseline: watch.baseline, detector, ...(watch.borrowed ? { borrowed: true } : {}) };
}

/** The watch over a new champion: against the usual of the one before, which it is no worse than. */
function successorOf({ overall, masters }: TrialState['watch'], champion: string): TrialState['watch'] {
  const borrow = ({ baseline }: MasterWatch): MasterWatch =>
    baseline === undefined
      ? { units: 0, failures: 0 }
      : { units: 0, failures: 0, baseline, borrowed: true, detector: NEW_DETECTOR };
  return {
    ...NEW_WATCH,
    champion,
    overall: borrow(overall),
    masters: Object.fromEntries(Object.entries(masters).map(([name, watch]) => [name, borrow(watch)])),
  };
}

/** Masters by how much worse they got, worst first. */
function rankedMasters(masters: TrialState['watch']['masters']): { master: string; rise: number }[] {
  return Object.entries(masters)
    .flatMap(([master, { baseline, detector }]) =>
      baseline === undefined || detector?.recent == null ? [] : [{ master, rise: detector.recent - baseline }],
    )
    .sort((a, b) => b.rise - a.rise)
    .slice(0, 5);
}

const percent = (x: number | null | undefined) => (x == null ? 'nothing' : `${(100 * x).toFixed(0)} %`);
