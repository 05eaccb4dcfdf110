// How far typical words are to be believed, learnt from the masters' own examples.
// The one thing to know: the scores tried are of examples the words were not learnt from, else everything looks certain.

/** Scores of one held-out example: the masters that scored, and the right one. */
export interface HeldOut {
  scores: readonly { master: number; score: number }[];
  right: number;
}

export interface Belief {
  /** Typical words' log-odds are multiplied by this. */
  scale: number;
  /** Odds mass of "anything else", shared by all masters that nothing speaks for. */
  elsewhere: number;
}

/** Without examples to learn from: words that occur together are not independent, so they count a half. */
export const DEFAULT_BELIEF: Belief = { scale: 0.5, elsewhere: 1.5 };
/** With fewer held-out examples the default is the better guess. */
const MIN_HELD_OUT = 30;
const SCALES = [0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5];
const ELSEWHERE = [0.3, 1, 3, 10, 30, 100];

/** The belief with the least log loss on the held-out examples. */
export function fitBelief(heldOut: readonly HeldOut[], masters: number): Belief {
  if (heldOut.length < MIN_HELD_OUT) return DEFAULT_BELIEF;
  let best = { belief: DEFAULT_BELIEF, loss: Number.POSITIVE_INFINITY };
  for (const scale of SCALES) {
    for (const elsewhere of ELSEWHERE) {
      const belief = { scale, elsewhere };
      let loss = 0;
      for (const { scores, right } of heldOut) loss -= Math.log(probabilityOf(scores, right, belief, masters));
      if (loss < best.loss) best = { belief, loss };
    }
  }
  return best.belief;
}

function probabilityOf(scores: HeldOut['scores'], right: number, belief: Belief, masters: number): number {
  let total = belief.elsewhere;
  let mine = 0;
  for (const { master, score } of scores) {
    const mass = Math.exp(belief.scale * score);
    total += mass;
    if (master === right) mine = mass;
  }
  return Math.max(1e-9, (mine + belief.elsewhere / masters) / total);
}
