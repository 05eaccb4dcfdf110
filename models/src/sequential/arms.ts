// Two arms that share the traffic, compared on a figure in [0, 1] while the world may drift.
// The one thing to know: rows are compared in blocks that close as soon as both arms are in them, so both sides of a comparison are of the
// same moment; what changes for everybody cancels out, and a small share of traffic is compared with all of its contemporaries.
import { bet, type Evidence, NO_EVIDENCE } from './betting.js';
import type { Side } from './paired.js';

interface Tally {
  readonly rows: number;
  readonly sum: number;
}

export interface ArmEvidence {
  /** That the challenger's mean is lower by more than the margin. */
  readonly harm: Evidence;
  readonly open: Readonly<Record<Side, Tally>>;
  readonly total: Readonly<Record<Side, Tally>>;
}

const NOTHING: Tally = { rows: 0, sum: 0 };
export const NO_ARMS: ArmEvidence = {
  harm: NO_EVIDENCE,
  open: { champion: NOTHING, challenger: NOTHING },
  total: { champion: NOTHING, challenger: NOTHING },
};

/** One more row of an arm. `figure` in [0, 1], more is better; `margin`: a loss that is no harm. Throws a RangeError outside. */
export function observeArm(state: ArmEvidence, arm: Side, figure: number, margin = 0): ArmEvidence {
  if (!(figure >= 0 && figure <= 1)) throw new RangeError(`a figure must lie in [0, 1], got ${figure}`);
  const add = (tally: Tally): Tally => ({ rows: tally.rows + 1, sum: tally.sum + figure });
  const open = { ...state.open, [arm]: add(state.open[arm]) };
  const total = { ...state.total, [arm]: add(state.total[arm]) };
  if (open.champion.rows === 0 || open.challenger.rows === 0) return { ...state, open, total };
  const loss = open.champion.sum / open.champion.rows - open.challenger.sum / open.challenger.rows;
  return {
    harm: bet(state.harm, Math.max(-1, loss - margin)),
    open: { champion: NOTHING, challenger: NOTHING },
    total,
  };
}

/** Mean of an arm; undefined before its first row. */
export function meanOfArm(state: ArmEvidence, arm: Side): number | undefined {
  const { rows, sum } = state.total[arm];
  return rows > 0 ? sum / rows : undefined;
}
