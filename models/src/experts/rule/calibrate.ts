// How far typical words and mentioned names are to be believed, learnt from the masters' own examples.
// The one thing to know: the scores tried are of examples the words were not learnt from, else everything looks certain.

/** What speaks for a master in one held-out example. */
export interface HeldOutScore {
  master: number;
  /** Sum of its typical words' log-odds. */
  score: number;
  /** Weight of its name being mentioned; 0 when it is not. */
  named: number;
}

/** One held-out example: the masters that scored, and the right one. */
export interface HeldOut {
  scores: readonly HeldOutScore[];
  right: number;
}

export interface Belief {
  /** Typical words' log-odds are multiplied by this. */
  scale: number;
  /** Weights of mentioned names are multiplied by this: a name may be an ordinary word of the trade. */
  names: number;
  /** Odds mass of "anything else", shared by all masters that nothing speaks for. */
  elsewhere: number;
}

/** Without examples to learn from: words that occur together are not independent, so they count a half. */
export const DEFAULT_BELIEF: Belief = { scale: 0.5, names: 1, elsewhere: 1.5 };
/** With fewer held-out examples the default is the better guess. */
const MIN_HELD_OUT = 30;
const SCALES = [0.15, 0.25, 0.4, 0.6, 0.9, 1.3];
const ELSEWHERE = [0.3, 1.5, 7, 30, 100];
const NAMES = [0, 0.25, 0.5, 1];

/** The belief with the least log loss on the held-out examples: words first, then names, then words again beside them. */
export function fitBelief(heldOut: readonly HeldOut[], masters: number): Belief {
  if (heldOut.length < MIN_HELD_OUT) return DEFAULT_BELIEF;
  const best = (candidates: readonly Belief[]) => leastLoss(candidates, heldOut, masters);
  const wordsWith = (names: number) =>
    SCALES.flatMap((scale) => ELSEWHERE.map((elsewhere) => ({ scale, names, elsewhere })));
  const words = best(wordsWith(0));
  const { names } = best(NAMES.map((factor) => ({ ...words, names: factor })));
  return names === 0 ? words : best(wordsWith(names));
}

function leastLoss(candidates: readonly Belief[], heldOut: readonly HeldOut[], masters: number): Belief {
  let best = { belief: DEFAULT_BELIEF, loss: Number.POSITIVE_INFINITY };
  for (const belief of candidates) {
    let loss = 0;
    for (const { scores, right } of heldOut) loss -= Math.log(probabilityOf(scores, right, belief, masters));
    if (loss < best.loss) best = { belief, loss };
  }
  return best.belief;
}

function probabilityOf(scores: HeldOut['scores'], right: number, belief: Belief, masters: number): number {
  let total = belief.elsewhere;
  let mine = 0;
  for (const { master, score, named } of scores) {
    const mass = Math.exp(belief.scale * score + belief.names * named);
    total += mass;
    if (master === right) mine = mass;
  }
  return Math.max(1e-9, (mine + belief.elsewhere / masters) / total);
}
