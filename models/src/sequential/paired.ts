// Which of two models is right more often, from tasks that only one of them was allowed to decide.
// The one thing to know: what is known is lopsided. When the executed model was right we learn it from the success; when it was wrong we learn
// whether the other was right only if somebody corrects, and few do. Counting known wins would favour whoever was executed, so corrected
// failures stand for the others with the inverse of their chance to be corrected, around a running guess (doubly robust: Robins, Rotnitzky &
// Zhao 1994). The guess and the chance are taken from earlier rows only, so the bets stay honest.
import { bet, type Evidence, MARGIN_PRIOR, NO_EVIDENCE } from './betting.js';

export type Side = 'champion' | 'challenger';

/** One task on which both models said which master they would choose. */
export interface PairedRow {
  /** Whose choice was carried out; undefined when neither was (a person was asked). */
  readonly executed: Side | undefined;
  /** Both named the same master. */
  readonly agree: boolean;
  /** Whether each was right, where it is known. A correction tells both; a success tells both; a failure alone tells only the executed one. */
  readonly right: { readonly champion?: boolean | undefined; readonly challenger?: boolean | undefined };
  /** Whether somebody named the right master. */
  readonly corrected: boolean;
}

export interface PairedEvidence {
  /** That the challenger is right more often. */
  readonly better: Evidence;
  /** That the challenger is not worse by the margin or more: its gain in accuracy over all tasks is above minus the margin. */
  readonly noWorse: Evidence;
  /** That the champion is. */
  readonly worse: Evidence;
  readonly rows: number;
  readonly disagreements: number;
  /** Failures of the executed model, and how many of them were corrected. */
  readonly failures: number;
  readonly corrected: number;
  /** Corrected failures on disagreements, and how often the other side was right, by executed side. */
  readonly others: Readonly<Record<Side, { readonly rows: number; readonly right: number }>>;
  /** Known results on disagreements, for people to look at; lopsided, see above. */
  readonly wins: number;
  readonly losses: number;
  /** Sum of the estimated differences (challenger minus champion), one a task: `gain / rows` is the gain in accuracy. */
  readonly gain: number;
}

export const NO_PAIRS: PairedEvidence = {
  better: NO_EVIDENCE,
  noWorse: NO_EVIDENCE,
  worse: NO_EVIDENCE,
  rows: 0,
  disagreements: 0,
  failures: 0,
  corrected: 0,
  others: { champion: { rows: 0, right: 0 }, challenger: { rows: 0, right: 0 } },
  wins: 0,
  losses: 0,
  gain: 0,
};

/** Failures needed before the chance of a correction is believed. */
const LEAST_FAILURES = 20;
/** A chance of correction below this is taken as this: one corrected row must not decide everything. */
const LEAST_CHANCE = 0.02;

/**
 * One more task. Rows with nothing known change nothing but the count.
 * @param margin a loss of accuracy, 0 to 1, that `noWorse` takes for none. Default 0.02.
 */
export function observePair(state: PairedEvidence, row: PairedRow, margin = 0.02): PairedEvidence {
  const { champion, challenger } = row.right;
  const executed = row.executed;
  const failed = executed !== undefined && row.right[executed] === false;
  const counts = {
    rows: state.rows + 1,
    disagreements: state.disagreements + (row.agree ? 0 : 1),
    failures: state.failures + (failed ? 1 : 0),
    corrected: state.corrected + (failed && row.corrected ? 1 : 0),
  };
  if (row.agree) {
    // Both right or both wrong: no gain, no loss. Counted only where disagreements would be, so that both are drawn from the same tasks.
    const counted = executed === undefined ? champion !== undefined : row.right[executed] !== undefined;
    const even = counted && state.failures >= LEAST_FAILURES;
    return {
      ...state,
      ...counts,
      ...(even ? { noWorse: bet(state.noWorse, margin / largestLoss(state, executed), MARGIN_PRIOR) } : {}),
    };
  }
  const wins = state.wins + (challenger === true && champion === false ? 1 : 0);
  const losses = state.losses + (champion === true && challenger === false ? 1 : 0);
  const known = { ...state, ...counts, wins, losses };
  if (executed === undefined) {
    // A person was asked: both are known or neither is, whoever was right.
    if (champion === undefined || challenger === undefined) return known;
    const gain = Number(challenger) - Number(champion);
    return {
      ...known,
      ...wagered(state, gain, gain),
      noWorse: bet(state.noWorse, (gain + margin) / largestLoss(state, executed), MARGIN_PRIOR),
      gain: state.gain + gain,
    };
  }
  if (row.right[executed] === undefined) return known;
  const other: Side = executed === 'champion' ? 'challenger' : 'champion';
  const others = !(failed && row.corrected)
    ? state.others
    : {
        ...state.others,
        [executed]: {
          rows: state.others[executed].rows + 1,
          right: state.others[executed].right + (row.right[other] ? 1 : 0),
        },
      };
  if (state.failures < LEAST_FAILURES) return { ...known, others };
  const estimate = (chance: number) => {
    if (!failed) return executed === 'champion' ? -1 : 1;
    const { rows, right } = state.others[executed];
    const guess = right / (rows + 2);
    const otherRight = guess + (row.corrected ? (Number(row.right[other] === true) - guess) / chance : 0);
    return executed === 'champion' ? otherRight : -otherRight;
  };
  const { low, middle, high } = chanceOfCorrection(state);
  // Whatever favours the claim to be proven is counted with the less favourable end of the chance; a claim with a margin needs no second one
  // (worse by exactly the margin: called no worse in about 1 of 100 trials, where 5 are allowed).
  const forBetter = executed === 'champion' ? high : low;
  const forWorse = executed === 'champion' ? low : high;
  // The most that an estimate can be off in either direction: what a bet may lose.
  const guess = state.others[executed].right / (state.others[executed].rows + 2);
  const loss = (chance: number) => Math.max(1, (guess * (1 - chance)) / chance);
  const win = (chance: number) => Math.max(1, guess + (1 - guess) / chance);
  const [most, least] = executed === 'champion' ? [loss, win] : [win, loss];
  return {
    ...known,
    others,
    ...wagered(state, estimate(forBetter) / most(forBetter), estimate(forWorse) / least(forWorse)),
    noWorse: bet(state.noWorse, (estimate(middle) + margin) / largestLoss(state, executed), MARGIN_PRIOR),
    gain: state.gain + estimate(middle),
  };
}

/** The most that an estimate can be below zero: one scale for tasks of both kinds, agreed on or not, else the margin would weigh more on one. */
function largestLoss(state: PairedEvidence, executed: Side = 'champion'): number {
  if (state.failures < LEAST_FAILURES) return 1;
  const { middle } = chanceOfCorrection(state);
  const guess = state.others[executed].right / (state.others[executed].rows + 2);
  return Math.max(1, executed === 'champion' ? (guess * (1 - middle)) / middle : guess + (1 - guess) / middle);
}

function wagered(state: PairedEvidence, better: number, worse: number): Pick<PairedEvidence, 'better' | 'worse'> {
  return { better: bet(state.better, better), worse: bet(state.worse, -worse) };
}

/** Share of failures that somebody corrects, with its interval (Wilson 1927, half a standard error). */
function chanceOfCorrection({ failures, corrected }: PairedEvidence): { low: number; middle: number; high: number } {
  const z = 0.5;
  const p = corrected / failures;
  const scale = 1 + (z * z) / failures;
  const centre = (p + (z * z) / (2 * failures)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / failures + (z * z) / (4 * failures * failures));
  const within = (x: number) => Math.min(1, Math.max(LEAST_CHANCE, x));
  return { low: within(centre - half), middle: within(p), high: within(centre + half) };
}
