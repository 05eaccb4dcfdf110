// One parameter tuned while it is in use: a neighbouring value is tried in turn with the one in force, kept when it is proven better, and
// taken back as soon as it looks worse. Pure: the state is plain JSON, changed by nobody.
// The one thing to know: what trials may cost is bounded. A round is only risked when, were it lost altogether, all rounds together would
// still have earned `1 − mostLoss` of what the value in force earns (conservative bandits: Wu, Shariff, Lattimore & Szepesvári 2016). Better
// and worse are told by betting (models/sequential), so looking after every round fools nobody.
import { bet, type Evidence, NO_EVIDENCE, proven } from '../sequential/index.js';

export interface TuningOptions {
  /** What may be tried, ascending: the bounds, and the steps between them. */
  values: readonly number[];
  /** One of them: where it begins. */
  start: number;
  /** Share of the reward that trials may cost, over all rounds. Default 0.05. Lower: the first trial comes later, trials are rarer. */
  mostLoss?: number;
  /** Chance of keeping a value that is no better. Default 0.05. */
  alpha?: number;
  /** By so much the mean reward of a round must grow for a value to be kept. Default 0.01. */
  leastGain?: number;
  /** Pairs of rounds after which a value that shows no difference is let go. Default 120. */
  mostPairs?: number;
  /** Rounds before what was refused is tried again: the world changes. Default 500. */
  rest?: number;
}

interface Trial {
  /** Place in `values`. */
  at: number;
  /** The trial's round comes first in this pair. */
  first: boolean;
  /** Reward of the pair's first round. */
  half?: number;
  pairs: number;
  better: Evidence;
  worse: Evidence;
}

/** Plain JSON. */
export interface TuningState {
  /** Place in `values` of what is in force. */
  base: number;
  trial?: Trial;
  refused: number[];
  rests: number;
  /** Rounds of the value in force, and what they earned: what a round is worth without trials. */
  known: { rounds: number; earned: number };
  /** All rounds since the start. */
  rounds: number;
  earned: number;
  /** What these rounds would have earned with the value then in force. */
  due: number;
}

export interface TuningChange {
  kind: 'try' | 'keep' | 'take-back';
  from: number;
  to: number;
  why: string;
  evidence: { pairs: number; mean_gain: number };
}

/** A value is let go at this chance of being unjust to it: a trial that hurts must end soon. */
const TAKE_BACK = 0.2;

export function startTuning({ values, start }: TuningOptions): TuningState {
  const base = values.indexOf(start);
  if (base < 0) throw new RangeError(`${start} is none of ${values.join(', ')}`);
  if (values.some((value, i) => i > 0 && value <= (values[i - 1] as number)))
    throw new RangeError(`${values.join(', ')} do not ascend`);
  const none = { rounds: 0, earned: 0 };
  return { base, refused: [], rests: 0, known: none, ...none, due: 0 };
}

/** The value of the round that comes. */
export function valueInUse(state: TuningState, options: TuningOptions): number {
  const { trial, base } = state;
  const tries = trial !== undefined && (trial.half === undefined) === trial.first && mayRisk(state, options);
  return options.values[tries ? trial.at : base] as number;
}

/** Whether a round that earned nothing could be afforded. */
function mayRisk({ known, due, earned }: TuningState, { mostLoss = 0.05 }: TuningOptions): boolean {
  if (known.rounds === 0) return false;
  const worth = known.earned / known.rounds;
  return earned >= (1 - mostLoss) * (due + worth);
}

/**
 * The round is over. @param reward in [0, 1], of the value that `valueInUse` gave. @param random in [0, 1), decides which of a pair comes first.
 * @throws RangeError for a reward outside [0, 1].
 */
export function observeRound(
  before: TuningState,
  reward: number,
  random: number,
  options: TuningOptions,
): { state: TuningState; change?: TuningChange } {
  if (!(reward >= 0 && reward <= 1)) throw new RangeError(`a reward must lie in [0, 1], got ${reward}`);
  const tried = before.trial !== undefined && valueInUse(before, options) === options.values[before.trial.at];
  const known = tried ? before.known : { rounds: before.known.rounds + 1, earned: before.known.earned + reward };
  const state: TuningState = {
    ...before,
    known,
    rounds: before.rounds + 1,
    earned: before.earned + reward,
    due: before.due + (tried ? known.earned / Math.max(1, known.rounds) : reward),
    rests: Math.max(0, before.rests - 1),
  };
  const { trial } = before;
  if (!trial) return begin(state, random, options);
  // Waiting for a round that may be risked: the value in force earns meanwhile. Its newest round is the one to compare with.
  const wanted = (trial.half === undefined) === trial.first;
  if (wanted && !tried) return { state: trial.first ? state : { ...state, trial: { ...trial, half: reward } } };
  if (trial.half === undefined) return { state: { ...state, trial: { ...trial, half: reward } } };
  const gain = trial.first ? trial.half - reward : reward - trial.half;
  return judge(state, { ...trial, first: random < 0.5 }, gain, options);
}

function judge(
  state: TuningState,
  { half: _, ...trial }: Trial,
  gain: number,
  { values, alpha = 0.05, leastGain = 0.01, mostPairs = 120, rest = 500 }: TuningOptions,
): { state: TuningState; change?: TuningChange } {
  const next: Trial = {
    ...trial,
    pairs: trial.pairs + 1,
    better: bet(trial.better, (gain - leastGain) / (1 + leastGain)),
    worse: bet(trial.worse, -gain),
  };
  const evidence = { pairs: next.pairs, mean_gain: -next.worse.sum / next.pairs };
  const [from, to] = [values[state.base] as number, values[trial.at] as number];
  if (proven(next.better, alpha)) {
    const { trial: __, ...kept } = state;
    return {
      state: { ...kept, base: trial.at, refused: [], known: { rounds: 0, earned: 0 } },
      change: { kind: 'keep', from, to, why: 'proven better', evidence },
    };
  }
  const worse = proven(next.worse, TAKE_BACK);
  if (!worse && next.pairs < mostPairs) return { state: { ...state, trial: next } };
  const { trial: __, ...kept } = state;
  return {
    state: { ...kept, refused: [...state.refused, trial.at], rests: rest },
    change: {
      kind: 'take-back',
      from: to,
      to: from,
      why: worse ? 'it looks worse' : 'no difference was seen',
      evidence,
    },
  };
}

function begin(
  state: TuningState,
  random: number,
  options: TuningOptions,
): { state: TuningState; change?: TuningChange } {
  const refused = state.rests > 0 ? state.refused : [];
  const next = [state.base + 1, state.base - 1].find(
    (at) => at >= 0 && at < options.values.length && !refused.includes(at),
  );
  if (next === undefined || !mayRisk(state, options)) return { state: { ...state, refused } };
  const trial = { at: next, first: random < 0.5, pairs: 0, better: NO_EVIDENCE, worse: NO_EVIDENCE };
  const [from, to] = [options.values[state.base] as number, options.values[next] as number];
  return {
    state: { ...state, refused, trial },
    change: { kind: 'try', from, to, why: 'a neighbour is tried in turn', evidence: { pairs: 0, mean_gain: 0 } },
  };
}
