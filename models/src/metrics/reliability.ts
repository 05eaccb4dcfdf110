// Do stated odds come true? Expected calibration error, reliability table, Brier score and log loss.
// One thing to know: bins are of equal width over [0, 1]; an empty bin has no part in any figure.

export interface ReliabilityBin {
  from: number;
  to: number;
  rows: number;
  /** Mean stated odds in the bin, and the share that came true. */
  confidence: number;
  accuracy: number;
}

/** @param bins default 15, as in Guo et al. 2017, "On Calibration of Modern Neural Networks". */
export function reliabilityTable(confidence: ArrayLike<number>, right: ArrayLike<boolean | number>, bins = 15) {
  const table: ReliabilityBin[] = Array.from({ length: bins }, (_, b) => ({
    from: b / bins,
    to: (b + 1) / bins,
    rows: 0,
    confidence: 0,
    accuracy: 0,
  }));
  for (let i = 0; i < confidence.length; i++) {
    // Right-closed bins, so that odds of exactly 1 fall into the last.
    const bin = table[Math.min(bins - 1, Math.max(0, Math.ceil(confidence[i]! * bins) - 1))]!;
    bin.rows++;
    bin.confidence += confidence[i]!;
    bin.accuracy += Number(right[i]);
  }
  for (const bin of table) {
    bin.confidence /= bin.rows || 1;
    bin.accuracy /= bin.rows || 1;
  }
  return table;
}

/** Expected calibration error: mean |stated − true| over bins, weighted by rows. 0 is perfect. */
export function expectedCalibrationError(confidence: ArrayLike<number>, right: ArrayLike<boolean | number>, bins = 15) {
  if (!confidence.length) return 0;
  let sum = 0;
  for (const bin of reliabilityTable(confidence, right, bins))
    sum += bin.rows * Math.abs(bin.confidence - bin.accuracy);
  return sum / confidence.length;
}

/** Mean squared distance between odds and what happened (0 or 1). 0 is perfect. */
export function brierScore(probability: ArrayLike<number>, happened: ArrayLike<boolean | number>) {
  let sum = 0;
  for (let i = 0; i < probability.length; i++) sum += (probability[i]! - Number(happened[i])) ** 2;
  return probability.length ? sum / probability.length : 0;
}

/** Mean −ln of the odds given to what happened; `floor` keeps one certain mistake from being infinite. */
export function logLoss(probabilityOfTruth: ArrayLike<number>, floor = 1e-12) {
  let sum = 0;
  for (let i = 0; i < probabilityOfTruth.length; i++) sum -= Math.log(Math.max(floor, probabilityOfTruth[i]!));
  return probabilityOfTruth.length ? sum / probabilityOfTruth.length : 0;
}
