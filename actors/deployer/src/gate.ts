// The offline gate: what is known of a candidate before it sees a single task. Pure.
export interface GateVersion {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly learnt?: Learnt;
}

/** What a version was made of, where its trainer said so. */
export interface Learnt {
  readonly rows: number;
  /** Version of the code that trained it. */
  readonly code: string;
}

export interface GateVerdict {
  readonly passes: boolean;
  readonly reasons: readonly string[];
}

/** Figures that say how often it is right. By their plain names they are of common held-out rows; with a prefix, of the version's own rows. */
const PLAIN = /^(accuracy|macro_f1|auroc)$/;
const OWN = /[_/](accuracy|macro_f1|auroc)$/;
/** Own rows differ from version to version, and get harder when the world changes: only a collapse is told by them. */
const COLLAPSE = 0.25;

/**
 * A candidate is refused when a figure is no number, when a figure of common held-out rows lies behind the champion's by more than the
 * tolerance, or one of its own rows by 25 points. A figure that one of the two lacks is no reason.
 */
export function offlineGate(candidate: GateVersion, champion: GateVersion | undefined, tolerance: number): GateVerdict {
  const reasons: string[] = [];
  for (const [name, mine] of Object.entries(candidate.metrics)) {
    if (mine !== null && !Number.isFinite(mine)) reasons.push(`${name} is ${String(mine)}`);
    const theirs = champion?.metrics[name];
    const allowed = PLAIN.test(name) ? tolerance : OWN.test(name) ? COLLAPSE : undefined;
    if (typeof mine !== 'number' || typeof theirs !== 'number' || allowed === undefined) continue;
    if (theirs - mine > allowed)
      reasons.push(
        `${name} ${mine.toFixed(3)} against ${theirs.toFixed(3)} of ${champion?.name}, tolerance ${allowed}`,
      );
  }
  // What a trainer found out before: a fairness audit or an off-policy estimate that failed.
  for (const name of ['fairness_passes', 'off_policy_passes'])
    if (candidate.metrics[name] === 0) reasons.push(`${name.replace('_passes', '').replace('_', '-')} audit failed`);
  return { passes: reasons.length === 0, reasons };
}
