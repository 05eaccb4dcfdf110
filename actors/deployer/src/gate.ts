// The offline gate: what is known of a candidate before it sees a single task. Pure.
export interface GateVersion {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface GateVerdict {
  readonly passes: boolean;
  readonly reasons: readonly string[];
}

/** Figures by which more is better, and by which less is. */
const MORE = ['accuracy', 'macro_f1'] as const;
const LESS = ['ece'] as const;

/**
 * A candidate is refused when a figure is no number, or lies behind the champion's by more than the tolerance. Figures of different data are
 * only roughly comparable, hence a tolerance; a figure that one of the two lacks is no reason.
 */
export function offlineGate(candidate: GateVersion, champion: GateVersion | undefined, tolerance: number): GateVerdict {
  const reasons: string[] = [];
  for (const [name, value] of Object.entries(candidate.metrics))
    if (value !== null && !Number.isFinite(value)) reasons.push(`${name} is ${String(value)}`);
  const compare = (name: string, sign: 1 | -1) => {
    const [mine, theirs] = [candidate.metrics[name], champion?.metrics[name]];
    if (typeof mine !== 'number' || typeof theirs !== 'number') return;
    if (sign * (theirs - mine) > tolerance)
      reasons.push(
        `${name} ${mine.toFixed(3)} against ${theirs.toFixed(3)} of ${champion?.name}, tolerance ${tolerance}`,
      );
  };
  for (const name of MORE) compare(name, 1);
  for (const name of LESS) compare(name, -1);
  // What a trainer found out before: a fairness audit or an off-policy estimate that failed.
  for (const name of ['fairness_passes', 'off_policy_passes'])
    if (candidate.metrics[name] === 0) reasons.push(`${name.replace('_passes', '').replace('_', '-')} audit failed`);
  return { passes: reasons.length === 0, reasons };
}
