// A master's history as numbers a network can take: squashed to about −1…1, each with a mask.
// The one thing to know: a missing value is 0 with mask 0, so "never measured" differs from "measured as average".
import type { Histories, MasterHistory } from '../track-record/index.js';

/** Squashing is fixed, not fitted, so that a history means the same to every model. */
const SCALES: readonly [keyof MasterHistory, (value: number) => number][] = [
  ['success', (share) => 2 * share - 1],
  ['minutes', (minutes) => Math.log1p(minutes) / 3 - 1],
  ['tokens', (tokens) => Math.log1p(tokens) / 5 - 1.5],
  ['load', (load) => Math.log1p(load) - 0.7],
  ['freshnessHours', (hours) => Math.log1p(hours) / 3 - 1],
  ['tasks', (tasks) => Math.log1p(tasks) / 3 - 1],
];

/** Numbers a master takes in the network's `history` input: the values, then their masks. */
export const HISTORY_WIDTH = SCALES.length * 2;

/** Writes one master's history at `offset`. Values that are missing, negative or not finite are masked. */
export function writeHistory(target: Float32Array, offset: number, history: MasterHistory | undefined): void {
  SCALES.forEach(([field, squash], i) => {
    const value = history?.[field];
    const known = value !== undefined && Number.isFinite(value) && value >= 0;
    target[offset + i] = known ? squash(value) : 0;
    target[offset + SCALES.length + i] = known ? 1 : 0;
  });
}

/** True when at least one value is there, so that a batch without any can take the short way. */
export function hasHistory(history: Histories | undefined): boolean {
  return history !== undefined && Object.keys(history).length > 0;
}
