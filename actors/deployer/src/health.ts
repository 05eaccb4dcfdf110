// How the champion's work looks, beside trials: whether every slice is served alike, whether tasks look like they did. Kept in memory only: it
// is a report to people, decides nothing, and a restart begins it anew.
import {
  type AuditReport,
  type AuditRow,
  auditFairness,
  type DriftReport,
  type DriftRow,
  dataDrift,
} from '@cortex/models';
import type { Judged, Observed } from './judged.js';
import type { Notice } from './state.js';

const AUDITED = 2_000;
const AUDIT_EVERY = 500;
const COMPARED = 500;
const COMPARE_EVERY = 250;

export interface Health {
  decided(observed: Observed, text: string): Notice[];
  judged(judged: Judged): Notice[];
  report(): { fairness?: AuditReport; drift?: DriftReport };
}

/** One family's health; told at most once per version and finding. */
export function createHealth(family: string, champion: () => string | undefined): Health {
  const told = new Set<string>();
  let of: string | undefined;
  let audited: AuditRow[] = [];
  let reference: DriftRow[] = [];
  let recent: DriftRow[] = [];
  let sinceAudit = 0;
  let sinceCompare = 0;
  let fairness: AuditReport | undefined;
  let drift: DriftReport | undefined;
  const sameChampion = (version: string) => {
    if (version !== champion()) return false;
    if (of !== version) {
      of = version;
      audited = [];
      reference = [];
      recent = [];
    }
    return true;
  };
  const once = (id: string, notice: () => Notice[]): Notice[] => {
    if (told.has(id)) return [];
    told.add(id);
    return notice();
  };
  return {
    decided(observed, text) {
      if (!sameChampion(observed.by)) return [];
      const row: DriftRow = {
        text: text.slice(0, 4_000),
        shares: { master: observed.master, ...observed.slices },
        numbers: { confidence: observed.said[observed.by]?.confidence ?? 0, length: text.length },
      };
      if (reference.length < COMPARED) {
        reference.push(row);
        return [];
      }
      recent.push(row);
      if (recent.length > COMPARED) recent.shift();
      if (recent.length < COMPARED || ++sinceCompare < COMPARE_EVERY) return [];
      sinceCompare = 0;
      drift = dataDrift(reference, recent);
      return drift.findings
        .filter((finding) => finding.drifted)
        .flatMap((finding) =>
          once(`data-drift-${of}-${finding.name}`, () => [
            {
              id: `data-drift-${of}-${finding.name}`,
              kind: 'alert',
              severity: 'warning',
              alert: 'data-drift',
              summary: `tasks look different from those ${of} began with: ${finding.name} (effect ${finding.effect.toFixed(2)})`,
              evidence: { family, ranked: drift?.findings.slice(0, 5) },
            },
          ]),
        );
    },
    judged(judged) {
      if (!sameChampion(judged.by)) return [];
      const said = judged.said[judged.by];
      audited.push({
        slices: { master: judged.master, ...judged.slices },
        ...(judged.success === undefined ? {} : { right: judged.success }),
        abstained: said?.asked === true,
        confidence: said?.confidence ?? 0,
        ...(judged.waitMs === undefined ? {} : { waitMs: judged.waitMs }),
      });
      if (audited.length > AUDITED) audited.shift();
      if (++sinceAudit < AUDIT_EVERY) return [];
      sinceAudit = 0;
      fairness = auditFairness(audited);
      return fairness.gaps
        .filter((gap) => gap.unfair)
        .flatMap((gap) => {
          const id = `unfair-${of}-${gap.dimension}-${gap.value}-${gap.figure}`;
          return once(id, () => [
            {
              id,
              kind: 'alert',
              severity: 'warning',
              alert: 'unfair',
              summary: `${of} serves ${gap.dimension} ${gap.value} worse: ${gap.figure} ${gap.here.toFixed(3)} against ${gap.elsewhere.toFixed(3)} elsewhere`,
              evidence: { family, ...gap, of: fairness?.tests },
            },
          ]);
        });
    },
    report: () => ({ ...(fairness ? { fairness } : {}), ...(drift ? { drift } : {}) }),
  };
}
