// Everything a trained router is, apart from its voices: plain data, as it is written to the manifest.
import type { LogisticModel } from '../calibration/index.js';
import type { ConformalThresholds } from '../conformal/index.js';
import type { EarlyExit } from './early-exit.js';
import type { StageFit } from './stage.js';
import type { Costs, MasterProfile } from './types.js';

export interface RouterState {
  /** Labels with rows, in the order of every score. */
  labels: string[];
  /** All masters, with and without rows. */
  masters: MasterProfile[];
  encoder: { id: string; dimensions: number } | null;
  /** Names and signals of the voices, in the order of `StageFit.voices`. */
  voices: { name: string; signals: string[]; needsVector: boolean; temperature: number; outside: boolean }[];
  words: StageFit;
  full: StageFit | null;
  exit: EarlyExit | null;
  sets: { words: ConformalThresholds; full: ConformalThresholds; cascade: ConformalThresholds } | null;
  /** From closeness to the probability that a described master fits. */
  newcomer: LogisticModel;
  costs: Costs;
  seed: number;
  trained_at: string;
  data: { rows: number; outsiders: number; fingerprint: string };
  /** What training saw on held-out rows. */
  metrics: Record<string, number>;
  /** Sentences a person should know, e.g. that there was no encoder. */
  notes: string[];
}
