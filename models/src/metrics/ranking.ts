// Does a score put the positives above the negatives? Area under the ROC curve, ties counted half.

/** Mann–Whitney form; NaN-free scores expected. 0.5 when one of the two kinds is missing. */
export function auroc(score: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  const order = Int32Array.from({ length: score.length }, (_, i) => i).sort((a, b) => score[a]! - score[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && score[order[end]!] === score[order[start]!]) end++;
    const rank = (start + end + 1) / 2;
    for (let i = start; i < end; i++) {
      if (!positive[order[i]!]) continue;
      positives++;
      rankSum += rank;
    }
    start = end;
  }
  const negatives = order.length - positives;
  if (!positives || !negatives) return 0.5;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
