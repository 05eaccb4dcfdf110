// What a past task teaches, and what is asked about a coming one.
// The one thing to know: every key that is not named here is a feature; a missing value and an unseen one are normal.

/** The numbers that are predicted as quantiles. */
export const QUANTITIES = ['minutes', 'tokens', 'complexity'] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** One task given to one master, before its outcome. */
export interface PredictionQuery {
  text: string;
  master: string;
  /** When it starts: milliseconds since 1970. Missing: after all that was learned. */
  at?: number;
  /** Further fields: numbers, strings, booleans; lists and objects are read as text. */
  features?: Readonly<Record<string, unknown>>;
}

/** The same with what is known of its outcome. `success` may be a share between 0 and 1. */
export interface OutcomeRow extends PredictionQuery {
  success?: number;
  minutes?: number;
  tokens?: number;
  complexity?: number;
}

export interface Evidence {
  /** Past tasks near this one in meaning, of any master and of this one. */
  similar: number;
  similar_of_master: number;
  /** Past tasks of this master with a known result. */
  master_rows: number;
  /** Cosine of the nearest past task; 0 when there is none. */
  nearest: number;
}

export interface SuccessPrediction {
  /** Calibrated chance of success. Equals `base_rate` when there is no idea. */
  p: number;
  /** The master's own rate, shrunk towards all masters' by its number of rows. */
  base_rate: number;
  evidence: Evidence;
  /** True when the master is unknown and no past task is near: nothing supports `p`. */
  no_idea: boolean;
}

export interface QuantityPrediction {
  p50: number;
  p90: number;
}

/** Families that were not trained are absent. */
export interface Prediction {
  success?: SuccessPrediction;
  minutes?: QuantityPrediction;
  tokens?: QuantityPrediction;
  complexity?: QuantityPrediction;
}

const MASTER_SUFFIX = /[-_\s]master$/;

/** `security` and `security-master` are the same master (contract). */
export function masterName(name: string): string {
  return name.replace(MASTER_SUFFIX, '') || name;
}
