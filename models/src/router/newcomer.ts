// How well does a master fit that has a description but no past task? From closeness to a probability.
// The one thing to know: where masters with rows have descriptions too, the curve is learnt from them; else a stated prior serves.
import { fitLogistic, type LogisticModel } from '../calibration/index.js';
import { seededRandom, shuffledIndices } from '../metrics/index.js';
import { ProfileScorer, type Profiles } from './profiles.js';
import type { VoiceRows } from './voice.js';

/** Even odds at a closeness of 0.32; 0.07 more or less is a factor e. */
export const NEWCOMER_PRIOR: LogisticModel = {
  features: ['closeness'],
  mean: [0.32],
  spread: [0.07],
  weights: [1],
  bias: 0,
};

const LOOKED_AT = 600;

/** @returns undefined with fewer than 60 rows of labels. */
export async function learnNewcomer(profiles: Profiles, rows: VoiceRows): Promise<LogisticModel | undefined> {
  const scorer = new ProfileScorer(profiles, true);
  const labelled = shuffledIndices(rows.texts.length, seededRandom(rows.seed + 5)).filter((r) => rows.target[r]! >= 0);
  const sample = labelled.slice(0, LOOKED_AT);
  if (sample.length < 60 || rows.labels.length < 2) return undefined;
  const features: number[] = [];
  const positive: boolean[] = [];
  for (const r of sample) {
    const own = profiles.names.indexOf(rows.labels[rows.target[r]!]!);
    const closeness = scorer.closeness({ text: rows.texts[r]!, vector: rows.vectors?.[r] });
    let rival = Number.NEGATIVE_INFINITY;
    closeness.forEach((value, m) => {
      if (m !== own) rival = Math.max(rival, value);
    });
    features.push(closeness[own]!, rival);
    positive.push(true, false);
  }
  const fitted = await fitLogistic(['closeness'], Float64Array.from(features), positive, { penalty: 0.01 });
  // Descriptions that say nothing about the rows teach nothing about a newcomer's.
  return fitted.weights[0]! > 0.2 ? fitted : undefined;
}
