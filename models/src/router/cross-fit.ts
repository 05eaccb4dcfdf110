// Scores for every row by voices that were not trained on it, and scores for outsiders by voices that never saw their label.
// The one thing to know: everything the ensemble learns (weights, odds, sets, scope, early exit) is learnt from these scores only.
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import type { Asked, Scores, Voice, VoiceMaker, VoiceRows } from './voice.js';

export interface CrossFit {
  /** By voice, in the makers' order; row r of each is row r of the training rows. */
  voices: Scores[];
  signals: readonly string[][];
}

export interface CrossFitOptions {
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
  const voices: Scores[] = [];
  const signals: string[][] = [];
  for (let f = 0; f < folds; f++) {
    const inside: number[] = [];
    const outside: number[] = [];
    for (let r = 0; r < count; r++) (fold[r] === f ? outside : inside).push(r);
    const training = pickRows(rows, inside);
    const asked = askedRows(rows, outside);
    for (const [v, maker] of makers.entries()) {
      options.signal?.throwIfAborted();
      const voice = await maker.make(training, options.signal);
      const part = await voice.score(asked);
      signals[v] = [...voice.signals];
      const width = rows.labels.length;
      voices[v] ??= {
        scores: new Float32Array(count * width),
        signals: new Float32Array(count * voice.signals.length),
      };
      scatter(part.scores, voices[v].scores, outside, width);
      scatter(part.signals, voices[v].signals, outside, voice.signals.length);
      options.onProgress?.((f + (v + 1) / makers.length) / folds);
    }
  }
  return { voices, signals };
}

/**
 * Texts that stand in for "no master fits": rows of labels that were kept out of training altogether, a third of the labels at a time.
 * @returns scores of at most `most` such rows, or undefined with fewer than three labels.
 */
export async function leftOutLabels(
  makers: readonly VoiceMaker[],
  rows: VoiceRows,
  most: number,
  options: CrossFitOptions = {},
): Promise<CrossFit | undefined> {
  const labels = rows.labels.length;
  if (labels < 3) return undefined;
  const groups = 3;
  const group = new Int32Array(labels);
  shuffledIndices(labels, seededRandom(rows.seed + 17)).forEach((label, i) => {
    group[label] = i % groups;
  });
  const parts: CrossFit[] = [];
  for (let g = 0; g < groups; g++) {
    const inside: number[] = [];
    const outside: number[] = [];
    for (const r of shuffledIndices(rows.texts.length, seededRandom(rows.seed + g))) {
      const label = rows.target[r]!;
      if (label >= 0 && group[label] === g) outside.push(r);
      else inside.push(r);
    }
    if (!inside.some((r) => rows.target[r]! >= 0)) continue;
    outside.length = Math.min(outside.length, Math.ceil(most / groups));
    const voices: Scores[] = [];
    const signals: string[][] = [];
    for (const maker of makers) {
      options.signal?.throwIfAborted();
      const voice = await maker.make(
        pickRows(
          rows,
          inside.sort((a, b) => a - b),
        ),
        options.signal,
      );
      voices.push(await voice.score(askedRows(rows, outside)));
      signals.push([...voice.signals]);
    }
    parts.push({ voices, signals });
    options.onProgress?.((g + 1) / groups);
  }
  const first = parts[0];
  if (!first) return undefined;
  return {
    signals: first.signals,
    voices: makers.map((_, v) => ({
      scores: join(parts.map((part) => part.voices[v]!.scores)),
      signals: join(parts.map((part) => part.voices[v]!.signals)),
    })),
  };
}

export function pickRows(rows: VoiceRows, chosen: readonly number[]): VoiceRows {
  return {
    ...rows,
    texts: chosen.map((r) => rows.texts[r]!),
    vectors: rows.vectors && chosen.map((r) => rows.vectors![r]!),
    target: Int32Array.from(chosen, (r) => rows.target[r]!),
    weights: Float32Array.from(chosen, (r) => rows.weights[r]!),
  };
}

function askedRows(rows: VoiceRows, chosen: readonly number[]): Asked[] {
  return chosen.map((r) => ({ text: rows.texts[r]!, vector: rows.vectors?.[r] }));
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

function join(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
