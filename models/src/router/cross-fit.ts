// Scores for every row by voices that were not trained on it, and scores for outsiders by voices that never saw their label.
// The one thing to know: everything the ensemble learns (weights, odds, sets, scope, early exit) is learnt from these scores only.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import type { Asked, RefusedTexts, Scores, Voice, VoiceMaker, VoiceRows } from './voice.js';

export interface CrossFit {
  /** By voice, in the makers' order; row r of each is row r of the training rows, and behind them the refused texts. */
  voices: Scores[];
  signals: readonly string[][];
}

export interface CrossFitOptions {
  /** Folds to do. Default: all. */
  among?: readonly number[];
  /** Scores of the other folds, to be filled up in place. Default: none. */
  into?: CrossFit;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

export async function crossFit(
  makers: readonly VoiceMaker[],
  rows: VoiceRows,
  fold: Int32Array,
  folds: number,
  options: CrossFitOptions = {},
): Promise<CrossFit> {
  const count = rows.texts.length;
  const refused = rows.refused?.texts ?? [];
  const all = count + refused.length;
  const voices: Scores[] = options.into?.voices ?? [];
  const signals: string[][] = [];
  const among = options.among ?? Array.from({ length: folds }, (_, f) => f);
  for (const [done, f] of among.entries()) {
    const inside: number[] = [];
    const outside: number[] = [];
    for (let r = 0; r < count; r++) (fold[r] === f ? outside : inside).push(r);
    const refusedHere = refused.flatMap((_, i) => (i % folds === f ? [i] : []));
    const training = { ...pickRows(rows, inside), ...refusedBut(rows, outside, refusedHere) };
    const asked = [
      ...askedRows(rows, outside),
      ...refusedHere.map((i) => ({ text: refused[i]!, vector: rows.refused?.vectors?.[i] })),
    ];
    const places = [...outside, ...refusedHere.map((i) => count + i)];
    for (const [v, maker] of makers.entries()) {
      options.signal?.throwIfAborted();
      const voice = await maker.make(training, options.signal);
      const part = await voice.score(asked);
      signals[v] = [...voice.signals];
      const width = rows.labels.length;
      voices[v] ??= {
        scores: new Float32Array(all * width),
        signals: new Float32Array(all * voice.signals.length),
      };
      scatter(part.scores, voices[v].scores, places, width);
      scatter(part.signals, voices[v].signals, places, voice.signals.length);
      options.onProgress?.((done + (v + 1) / makers.length) / among.length);
    }
  }
  return { voices, signals };
}

const MANY_LABELS = 300;

/** What voices that never saw some labels say of rows with those labels, and of held-out rows with the others. */
export interface LeftOut {
  cross: CrossFit;
  /** Labels that these voices know. */
  labels: number;
  /** By row: whether its label is one of them. */
  inside: boolean[];
}

/**
 * Rows that stand in for "no master fits": a third of the labels at a time is kept out of training altogether.
 * Insiders are judged by the very same voices: against voices that know more labels, a mere difference in scale would pass for a sign.
 * @param most rows of either kind at most. @returns nothing with fewer than three labels.
 */
export async function leftOutLabels(
  makers: readonly VoiceMaker[],
  rows: VoiceRows,
  fold: Int32Array,
  most: number,
  options: CrossFitOptions = {},
): Promise<LeftOut[]> {
  const labels = rows.labels.length;
  if (labels < 3) return [];
  const groups = 3;
  const group = new Int32Array(labels);
  shuffledIndices(labels, seededRandom(rows.seed + 17)).forEach((label, i) => {
    group[label] = i % groups;
  });
  const parts: LeftOut[] = [];
  // With very many labels a third of them is plenty, and training is dear.
  const rounds = labels > MANY_LABELS ? 1 : groups;
  for (let g = 0; g < rounds; g++) {
    const kept = rows.labels.filter((_, label) => group[label] !== g);
    const number = new Map(kept.map((label, k) => [label, k]));
    const training: number[] = [];
    const strangers: number[] = [];
    const insiders: number[] = [];
    for (const r of shuffledIndices(rows.texts.length, seededRandom(rows.seed + g))) {
      const label = rows.target[r]!;
      if (label >= 0 && group[label] === g) strangers.push(r);
      else if (label >= 0 && fold[r] === 0) insiders.push(r);
      else training.push(r);
    }
    if (!training.some((r) => rows.target[r]! >= 0) || !insiders.length || !strangers.length) continue;
    strangers.length = Math.min(strangers.length, Math.ceil(most / rounds));
    insiders.length = Math.min(insiders.length, Math.ceil(most / rounds));
    const own = pickRows(
      rows,
      training.sort((a, b) => a - b),
    );
    const refused = refusedOf(rows, kept);
    const target = own.target.map((label) => (label < 0 ? -1 : number.get(rows.labels[label]!)!));
    const asked = askedRows(rows, [...insiders, ...strangers]);
    const voices: Scores[] = [];
    const signals: string[][] = [];
    for (const maker of makers) {
      options.signal?.throwIfAborted();
      const voice = await maker.make({ ...own, target, labels: kept, ...refused }, options.signal);
      voices.push(await voice.score(asked));
      signals.push([...voice.signals]);
    }
    parts.push({ cross: { voices, signals }, labels: kept.length, inside: asked.map((_, i) => i < insiders.length) });
    options.onProgress?.((g + 1) / rounds);
  }
  return parts;
}

export function pickRows(rows: VoiceRows, chosen: readonly number[]): VoiceRows {
  return {
    ...rows,
    texts: chosen.map((r) => rows.texts[r]!),
    vectors: rows.vectors && chosen.map((r) => rows.vectors![r]!),
    target: Int32Array.from(chosen, (r) => rows.target[r]!),
    weights: Float32Array.from(chosen, (r) => rows.weights[r]!),
    histories: rows.histories && chosen.map((r) => rows.histories![r]),
    outcomes: rows.outcomes && chosen.map((r) => rows.outcomes![r]),
  };
}

/** Refused texts without those of held-out rows: a judge must not have seen the case. */
function refusedBut(
  rows: VoiceRows,
  heldOut: readonly number[],
  heldOutRefused: readonly number[],
): Pick<VoiceRows, 'refused'> {
  const { refused } = rows;
  if (!refused) return {};
  const seen = new Set([...heldOut.map((r) => rows.texts[r]), ...heldOutRefused.map((i) => refused.texts[i])]);
  return pickRefused(refused, (i) => !seen.has(refused.texts[i]));
}

/** Refused texts of some labels, by their new numbers. */
function refusedOf({ refused, labels }: VoiceRows, kept: readonly string[]): Pick<VoiceRows, 'refused'> {
  if (!refused) return {};
  const number = (i: number) => kept.indexOf(labels[refused.target[i]!]!);
  return pickRefused(refused, (i) => number(i) >= 0, number);
}

function pickRefused(
  { texts, target, weights }: RefusedTexts,
  wanted: (i: number) => boolean,
  number = (i: number) => target[i]!,
): { refused: RefusedTexts } {
  const chosen = texts.flatMap((_, i) => (wanted(i) ? [i] : []));
  return {
    refused: {
      texts: chosen.map((i) => texts[i]!),
      target: Int32Array.from(chosen, number),
      weights: Float32Array.from(chosen, (i) => weights[i]!),
    },
  };
}

function askedRows(rows: VoiceRows, chosen: readonly number[]): Asked[] {
  return chosen.map((r) => ({
    text: rows.texts[r]!,
    vector: rows.vectors?.[r],
    // Its own moment, or none: what the masters do while a router is trained is nothing to a past task.
    history: rows.histories?.[r] ?? {},
  }));
}

/** Makes every voice on all rows: the ones that serve. */
export async function makeAll(makers: readonly VoiceMaker[], rows: VoiceRows, signal?: AbortSignal): Promise<Voice[]> {
  const voices: Voice[] = [];
  for (const maker of makers) {
    signal?.throwIfAborted();
    voices.push(await maker.make(rows, signal));
  }
  return voices;
}

function scatter(from: Float32Array, to: Float32Array, rows: readonly number[], width: number): void {
  rows.forEach((r, i) => {
    to.set(from.subarray(i * width, (i + 1) * width), r * width);
  });
}
