// How often will a model be right on tasks that nobody has judged yet? A confidence that comes true is the chance of being right, so its mean is
// the share that will be (confidence-based performance estimation; Guo, Pleiss, Sun & Weinberger 2017 on confidences that do not come true).
// The one thing to know: it sees tasks that became harder, at once. A world in which the same task now belongs elsewhere shows in outcomes alone.

/** A decision whose result is known. */
export interface JudgedConfidence {
  /** 0 to 1, as the model said it. */
  readonly confidence: number;
  readonly right: boolean;
}

export interface ExpectedOptions {
  /** Judged rows without which nothing is estimated. Default 100. */
  readonly leastJudged?: number;
  /** A fall that is not worth an alarm. Default 0.05. */
  readonly leastFall?: number;
  /** Standard errors that a fall must be away from none. Default 3.3: one look in 2,000 is wrong. */
  readonly errors?: number;
}

export interface ExpectedAccuracy {
  /** Share right that is expected of the decisions of before, and of those of now: 0 to 1. */
  readonly before: number;
  readonly now: number;
  /** Standard error of `before` minus `now`. */
  readonly error: number;
  readonly judged: number;
  readonly fell: boolean;
}

const BINS = 10;
/** Rows that the model's own word counts for in each bin. */
const OWN_WORD = 5;

/**
 * What the model's confidences promise, read as they came true so far. `before` and `now`: confidences of its decisions, judged or not.
 * Undefined: too few results to know what a confidence is worth.
 */
export function expectedAccuracy(
  judged: readonly JudgedConfidence[],
  before: readonly number[],
  now: readonly number[],
  { leastJudged = 100, leastFall = 0.05, errors = 3.3 }: ExpectedOptions = {},
): ExpectedAccuracy | undefined {
  if (judged.length < leastJudged || before.length < 2 || now.length < 2) return undefined;
  const worth = worthOf(judged);
  const [then, lately] = [momentsOf(before.map(worth)), momentsOf(now.map(worth))];
  const error = Math.sqrt(then.variance / before.length + lately.variance / now.length);
  const fall = then.mean - lately.mean;
  return {
    before: then.mean,
    now: lately.mean,
    error,
    judged: judged.length,
    fell: fall >= leastFall && fall > errors * error,
  };
}

/** From a confidence to how often it came true: bins of equally many results, straight lines between their middles. */
function worthOf(judged: readonly JudgedConfidence[]): (confidence: number) => number {
  const sorted = [...judged].sort((a, b) => a.confidence - b.confidence);
  const knots: { confidence: number; came: number }[] = [];
  for (let bin = 0; bin < BINS; bin++) {
    const rows = sorted.slice(Math.floor((bin * sorted.length) / BINS), Math.floor(((bin + 1) * sorted.length) / BINS));
    if (rows.length === 0) continue;
    const confidence = rows.reduce((sum, row) => sum + row.confidence, 0) / rows.length;
    const right = rows.reduce((sum, row) => sum + Number(row.right), 0);
    knots.push({ confidence, came: (right + OWN_WORD * confidence) / (rows.length + OWN_WORD) });
  }
  const [first, last] = [knots[0], knots.at(-1)];
  const unsure = knots.slice(0, 3);
  const said = unsure.reduce((sum, knot) => sum + knot.confidence, 0);
  const belief = said > 0 ? unsure.reduce((sum, knot) => sum + knot.came, 0) / said : 1;
  return (confidence) => {
    if (!first || !last) return confidence;
    // Below what was seen the model's own word goes on, as far as it is to be believed among its least sure.
    if (confidence <= first.confidence) return Math.min(first.came, Math.max(0, confidence) * belief);
    if (confidence >= last.confidence) return last.came;
    const at = knots.findIndex((knot) => knot.confidence >= confidence);
    const [a, b] = [knots[at - 1] ?? first, knots[at] ?? last];
    const part = (confidence - a.confidence) / (b.confidence - a.confidence || 1);
    return a.came + part * (b.came - a.came);
  };
}

function momentsOf(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
