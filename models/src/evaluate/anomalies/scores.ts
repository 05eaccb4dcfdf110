// The figures of `evaluate anomalies`, each from scores and labels. No point adjustment anywhere: a random score would get .95 by it.
// Source of VUS-PR: Paparrizos et al., "Volume under the surface", VLDB 2022, with the ramps and the existence factor of the authors' code.

export interface Ranked {
  /** Steps in descending order of score. */
  order: Int32Array;
  score: Float64Array;
}

export function ranked(score: Float64Array): Ranked {
  return { score, order: Int32Array.from(score, (_, i) => i).sort((a, b) => score[b]! - score[a]!) };
}

/** Average precision: Σ (recall gained) × precision, equal scores taken together. 0 when no step is labelled. */
export function averagePrecision({ order, score }: Ranked, label: ArrayLike<number>): number {
  let positives = 0;
  for (let i = 0; i < label.length; i++) positives += label[i]!;
  if (!positives) return 0;
  let hits = 0;
  let area = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let gained = 0;
    while (end < order.length && score[order[end]!] === score[order[start]!]) gained += label[order[end++]!]!;
    hits += gained;
    area += (gained / positives) * (hits / end);
    start = end;
  }
  return area;
}

/** The best F1 of any threshold, counted step by step. */
export function bestF1({ order, score }: Ranked, label: ArrayLike<number>): number {
  let positives = 0;
  for (let i = 0; i < label.length; i++) positives += label[i]!;
  let hits = 0;
  let best = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && score[order[end]!] === score[order[start]!]) hits += label[order[end++]!]!;
    if (hits) best = Math.max(best, (2 * hits) / (end + positives));
    start = end;
  }
  return best;
}

export interface Span {
  from: number;
  /** The last step of it. */
  to: number;
}

export function labelledSpans(label: ArrayLike<number>): Span[] {
  const spans: Span[] = [];
  for (let i = 0; i < label.length; i++) {
    if (!label[i]) continue;
    const last = spans.at(-1);
    if (last && last.to === i - 1) last.to = i;
    else spans.push({ from: i, to: i });
  }
  return spans;
}

const THRESHOLDS = 250;

/** Mean over buffers 0 … `buffer` steps of the range-aware area under precision and recall. 0 when no step is labelled. */
export function vusPr(ranks: Ranked, label: ArrayLike<number>, buffer: number): number {
  const spans = labelledSpans(label);
  if (!spans.length) return 0;
  let sum = 0;
  for (let window = 0; window <= buffer; window++) sum += rangePr(ranks, label, spans, window);
  return sum / (buffer + 1);
}

function rangePr({ order, score }: Ranked, label: ArrayLike<number>, spans: readonly Span[], window: number): number {
  const n = label.length;
  const soft = extended(label, spans, window);
  let positives = 0;
  let softSum = 0;
  for (let i = 0; i < n; i++) {
    positives += label[i]!;
    softSum += soft[i]!;
  }
  const wanted = (positives + softSum) / 2;
  const tops = labelledSpans(soft)
    .map(({ from, to }) => score.subarray(from, to + 1).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))
    .sort((a, b) => b - a);
  let hits = 0;
  let taken = 0;
  let found = 0;
  let recallBefore = 0;
  let area = 0;
  for (let k = 0; k < THRESHOLDS; k++) {
    const threshold = score[order[Math.floor((k * (n - 1)) / (THRESHOLDS - 1))]!]!;
    while (taken < n && score[order[taken]!]! >= threshold) hits += soft[order[taken++]!]!;
    while (found < tops.length && tops[found]! >= threshold) found++;
    const recall = (Math.min(1, hits / wanted) * found) / tops.length;
    area += (recall - recallBefore) * (hits / taken);
    recallBefore = recall;
  }
  return area;
}

/** 1 inside a span, falling off on both sides over half a window as √(1 − distance/window). */
function extended(label: ArrayLike<number>, spans: readonly Span[], window: number): Float64Array {
  const soft = Float64Array.from(label);
  const half = Math.floor(window / 2);
  for (const { from, to } of spans)
    for (let d = 1; d <= half; d++) {
      const more = Math.sqrt(1 - d / window);
      if (to + d < soft.length) soft[to + d] = Math.min(1, soft[to + d]! + more);
      if (from - d >= 0) soft[from - d] = Math.min(1, soft[from - d]! + more);
    }
  return soft;
}
