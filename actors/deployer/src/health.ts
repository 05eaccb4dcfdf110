// How the champion's work looks, beside trials: whether every slice is served alike, whether tasks and outcomes look like they did, and how often it
// will be right on what nobody has judged yet. Kept in memory only: it is a report to people, decides nothing, and a restart begins it anew.
import {
  type AuditReport,
  type AuditRow,
  auditFairness,
  type DriftReport,
  type DriftRow,
  dataDrift,
  type ExpectedAccuracy,
  expectedAccuracy,
  type JudgedConfidence,
} from '@cortex/models';
import type { Judged, Observed } from './judged.js';
import type { Notice } from './state.js';

const AUDITED = 2_000;
const AUDIT_EVERY = 500;
/** It looks again and again: with the usual one in twenty there would be a false alarm every few thousand tasks. */
const AUDIT_ALPHA = 0.001;
const COMPARED = 500;
const COMPARE_EVERY = 250;

export interface Health {
  decided(observed: Observed, text: string): Notice[];
  judged(judged: Judged): Notice[];
  report(): { fairness?: AuditReport; drift?: DriftReport; outcomes?: DriftReport; expected?: ExpectedAccuracy };
}

/** What came first with this champion, and what came lately. */
interface Sides {
  first: DriftRow[];
  lately: DriftRow[];
  since: number;
}
const emptySides = (): Sides => ({ first: [], lately: [], since: 0 });

/** Takes a row in; whether it is time to compare. */
function due(sides: Sides, row: DriftRow): boolean {
  if (sides.first.length < COMPARED) {
    sides.first.push(row);
    return false;
  }
  sides.lately.push(row);
  if (sides.lately.length > COMPARED) sides.lately.shift();
  if (sides.lately.length < COMPARED || ++sides.since < COMPARE_EVERY) return false;
  sides.since = 0;
  return true;
}

/** One family's health; told at most once per version and finding. */
export function createHealth(family: string, champion: () => string | undefined): Health {
  const told = new Set<string>();
  let of: string | undefined;
  let audited: AuditRow[] = [];
  let tasks = emptySides();
  let outcomes = emptySides();
  /** What confidences were worth so far. */
  let known: JudgedConfidence[] = [];
  let sinceAudit = 0;
  let fairness: AuditReport | undefined;
  let drift: DriftReport | undefined;
  let outcomeDrift: DriftReport | undefined;
  let expected: ExpectedAccuracy | undefined;
  const sameChampion = (version: string) => {
    if (version !== champion()) return false;
    if (of !== version) {
      of = version;
      audited = [];
      known = [];
      tasks = emptySides();
      outcomes = emptySides();
      expected = undefined;
    }
    return true;
  };
  const once = (id: string, notice: () => Notice[]): Notice[] => {
    if (told.has(id)) return [];
    told.add(id);
    return notice();
  };
  /** One alert a look, whatever has changed: a new source of tasks changes their words, lengths and masters as well. */
  const drifted = (alert: 'data-drift' | 'outcome-drift', report: DriftReport): Notice[] => {
    const idOf = (name: string) => `${alert}-${of}-${name}`;
    const fresh = report.findings.filter((finding) => finding.drifted && !told.has(idOf(finding.name)));
    for (const { name } of fresh) told.add(idOf(name));
    const [first, ...others] = fresh;
    if (!first) return [];
    const more = others.length > 0 ? `, then ${others.map(({ name }) => name).join(', ')}` : '';
    return [
      {
        id: idOf(first.name),
        kind: 'alert',
        severity: 'warning',
        alert,
        summary: `${alert === 'data-drift' ? 'tasks' : 'outcomes'} look different from those ${of} began with: ${first.name} (effect ${first.effect.toFixed(2)})${more}`,
        evidence: { family, ranked: report.findings.slice(0, 5) },
      },
    ];
  };
  const confidencesOf = (rows: readonly DriftRow[]) => rows.map((row) => row.numbers?.confidence ?? 0);
  const fallen = (): Notice[] => {
    const promised = expectedAccuracy(known, confidencesOf(tasks.first), confidencesOf(tasks.lately));
    expected = promised;
    if (!promised?.fell) return [];
    return once(`expected-accuracy-${of}`, () => [
      {
        id: `expected-accuracy-${of}`,
        kind: 'alert',
        severity: 'warning',
        alert: 'expected-accuracy',
        summary: `${of} will succeed less often: ${percent(promised.now)} of the last ${tasks.lately.length} decisions, ${percent(promised.before)} of those it began with; not all outcomes are known yet`,
        evidence: { family, ...promised, ranked: drift?.findings.slice(0, 5) },
      },
    ]);
  };
  return {
    decided(observed, text) {
      if (!sameChampion(observed.by)) return [];
      const row: DriftRow = {
        text: text.slice(0, 4_000),
        shares: { master: observed.master, ...observed.slices },
        numbers: { confidence: observed.said[observed.by]?.confidence ?? 0, length: text.length },
      };
      if (!due(tasks, row)) return [];
      drift = dataDrift(tasks.first, tasks.lately);
      return [...drifted('data-drift', drift), ...fallen()];
    },
    judged(judged) {
      if (!sameChampion(judged.by)) return [];
      const { success, quality, minutes, tokens } = judged;
      const confidence = judged.said[judged.by]?.confidence;
      if (success !== undefined && confidence !== undefined) {
        known.push({ confidence, right: success });
        if (known.length > AUDITED) known.shift();
      }
      const numbers: Record<string, number> = {};
      for (const [name, value] of Object.entries({ quality, minutes, tokens }))
        if (value !== undefined) numbers[name] = value;
      const notices: Notice[] = [];
      // Of what succeeded: how many fail is watched after every task (`model-drift`), and a quick failure is no quick work.
      if (success && Object.keys(numbers).length > 0 && due(outcomes, { numbers })) {
        outcomeDrift = dataDrift(outcomes.first, outcomes.lately);
        notices.push(...drifted('outcome-drift', outcomeDrift));
      }
      audited.push({
        slices: { master: judged.master, ...judged.slices },
        ...(success === undefined ? {} : { right: success }),
        abstained: judged.said[judged.by]?.asked === true,
        confidence: confidence ?? 0,
        ...(judged.waitMs === undefined ? {} : { waitMs: judged.waitMs }),
      });
      if (audited.length > AUDITED) audited.shift();
      if (++sinceAudit < AUDIT_EVERY) return notices;
      sinceAudit = 0;
      fairness = auditFairness(audited, { alpha: AUDIT_ALPHA });
      for (const gap of fairness.gaps.filter(({ unfair }) => unfair)) {
        const id = `unfair-${of}-${gap.dimension}-${gap.value}-${gap.figure}`;
        notices.push(
          ...once(id, () => [
            {
              id,
              kind: 'alert',
              severity: 'warning',
              alert: 'unfair',
              summary: `${of} serves ${gap.dimension} ${gap.value} worse: ${gap.figure} ${gap.here.toFixed(3)} against ${gap.elsewhere.toFixed(3)} elsewhere`,
              evidence: { family, ...gap, of: fairness?.tests },
            },
          ]),
        );
      }
      return notices;
    },
    report: () => ({
      ...(fairness ? { fairness } : {}),
      ...(drift ? { drift } : {}),
      ...(outcomeDrift ? { outcomes: outcomeDrift } : {}),
      ...(expected ? { expected } : {}),
    }),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
