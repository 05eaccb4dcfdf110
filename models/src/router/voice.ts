// A voice of the ensemble inside the router: scores for every label, and what it noticed about the text.
// The one thing to know: this is the dense form (typed arrays over label numbers) that stacking and calibration need;
// an outside Expert joins through `expertVoice`, which turns its votes into such scores.
import type { Histories } from '../track-record/index.js';

export interface Asked {
  text: string;
  /** Unit vector of the text; voices with `needsVector` are not asked without it. */
  vector?: Float32Array;
  /** What was known of each master at the task's moment, where that is not now. */
  history?: Histories;
}

export interface Scores {
  /** Row after row, one score a label. */
  scores: Float32Array;
  /** Row after row, one number a signal. */
  signals: Float32Array;
}

export interface Voice {
  readonly name: string;
  readonly needsVector: boolean;
  readonly signals: readonly string[];
  score(asked: readonly Asked[]): Scores | Promise<Scores>;
  /** Sentences about why this label, weightiest first. */
  because(asked: Asked, label: number): string[];
  /** What a file needs to bring it back; null when somebody else keeps it. */
  parts(): VoiceParts | null;
  /** Whether its scores depend on what the masters did lately. Default: not. */
  readonly readsHistories?: boolean;
  /** Where it learns that, from now on. */
  follow?(histories: () => Histories): void;
}

export type Numbers = Float32Array | Int32Array | Uint32Array;

export interface VoiceParts {
  kind: string;
  facts: Record<string, unknown>;
  arrays: Record<string, Numbers>;
}

/** Who did a task, and whether it succeeded. */
export interface RowOutcome {
  master: string;
  success: boolean;
}

/** Rows a voice learns from. */
export interface VoiceRows {
  texts: readonly string[];
  vectors?: readonly Float32Array[];
  /** Label number, or −1: no master fits. */
  target: Int32Array;
  weights: Float32Array;
  /** By row, where anything is known: the masters' histories at its moment, and how the task went. */
  histories?: readonly (Histories | undefined)[];
  outcomes?: readonly (RowOutcome | undefined)[];
  labels: readonly string[];
  seed: number;
  /** Texts of which only one label is known, and that one to be wrong. */
  refused?: RefusedTexts;
}

export interface RefusedTexts {
  texts: readonly string[];
  /** For asking about them; no voice learns from these. */
  vectors?: readonly Float32Array[];
  /** Number of the wrong label. */
  target: Int32Array;
  weights: Float32Array;
}

export interface VoiceMaker {
  readonly name: string;
  readonly needsVector: boolean;
  /** Weight of its scores in the ensemble when there are too few rows to learn it. */
  readonly priorWeight: number;
  /** Kept only where held-out rows show that the ensemble is better for it. Default: kept. */
  readonly onTrial?: boolean;
  make(rows: VoiceRows, signal?: AbortSignal): Promise<Voice> | Voice;
}
