// What goes into training a router and what comes out of asking it.
// The one thing to know: `probabilities` are odds among the masters given that one of them fits; `scope` is the probability that one does.
import type { Histories } from '../track-record/index.js';
import type { RowOutcome } from './voice.js';

export interface MasterProfile {
  name: string;
  description?: string;
  /** Tasks this master is right for; they count as training rows. */
  examples?: readonly string[];
  keywords?: readonly string[];
  /** Regular expressions, for the rule voice. */
  patterns?: readonly string[];
  aliases?: readonly string[];
}

export interface TrainingRow {
  text: string;
  /** The right master, or null: no master fits. */
  label: string | null;
  /**
   * A master that is known to be wrong for it, when that is all that is known (a complementary label: Ishida et al. 2017). `label` is null then, and
   * the row is no example of "no master fits". It teaches the words alone.
   */
  not?: string;
  /** Default 1. */
  weight?: number;
  /** What was known of each master just before the task; for voices that read it. Default: nothing. */
  history?: Histories;
  /** Who did it, and whether it succeeded; for the network's second task. Default: not known. */
  outcome?: RowOutcome;
}

/** What a wrong decision costs against asking a person; any unit, only the ratio counts. */
export interface Costs {
  /** Default 5. */
  error: number;
  /** Default 1. */
  ask: number;
}

export const DEFAULT_COSTS: Costs = { error: 5, ask: 1 };

/** Odds of being right that a decision needs: below, asking is cheaper than the expected error. */
export function abstainBelow(costs: Costs): number {
  return Math.min(1, Math.max(0, 1 - costs.ask / costs.error));
}

export type Stage = 'rule' | 'words' | 'full';

export interface ExpertShare {
  name: string;
  probabilities: Record<string, number>;
  latency_ms: number;
  abstained: boolean;
  /** Share in the ensemble's scores; 0 when not asked or not counted. */
  weight: number;
}

export interface RouteResult {
  /** The best master; null only when there is no master at all. */
  master: string | null;
  probabilities: Record<string, number>;
  /** Odds of the best master, given that one fits. Calibrated. */
  confidence: number;
  /** Probability that some master fits. */
  scope: number;
  /** The likeliest masters, likeliest first, whose odds reach the configured rate together. Never empty while there is a master. */
  candidates: string[];
  /** The least ambiguous conformal set at exactly the configured rate; empty when nothing conforms. */
  conformal: string[];
  abstain: boolean;
  abstain_reason: 'out-of-scope' | 'unsure' | 'no-master' | null;
  /** Odds of being right that the costs ask for. */
  threshold: number;
  experts: ExpertShare[];
  method: 'ensemble' | 'rule';
  exit: Stage;
  /** The cheap stage was sure enough to decide alone; with the cascade on, it did. */
  sure: boolean;
  explanation: string[];
  /** This query's share of the batch's time, the encoder's included. */
  latency_ms: number;
  encoder_ms: number;
}

export interface RouteOptions {
  /** Leave after the words when they are sure enough. Default true. */
  useCascade?: boolean;
  /** Milliseconds since the epoch after which the encoder is not waited for. Default: none. */
  deadline?: number;
  /** Only these masters may be chosen. Default: all the router knows. */
  masters?: readonly string[];
  /** Odds of every voice and sentences of explanation. Default true; bulk scoring switches it off. */
  explain?: boolean;
}

/** What the ensemble says of a training row by voices that were made without it. */
export interface HeldOutAnswer {
  /** Place in the rows that were given. */
  row: number;
  master: string;
  /** Odds of each label, given that one fits. */
  odds: Record<string, number>;
  confidence: number;
  scope: number;
  abstain: boolean;
}

export interface Progress {
  stage: string;
  /** 0 to 1 within the stage. */
  done: number;
}
