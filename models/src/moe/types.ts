// The words of the neural expert: rows it learns from, masters it knows, the network's parameters as plain arrays.
// The one thing to know: a master is its description first; what was learned about it by name comes on top.
import type { Matrix } from '../backend/index.js';
import type { Histories } from '../track-record/index.js';

export interface MoeMaster {
  name: string;
  /** The encoder's unit vector of its description (of its name where it has none). */
  description: Float32Array;
}

/** One past task. */
export interface MoeRow {
  /** The encoder's unit vector of the text. */
  vector: Float32Array;
  /** The master it belongs to; null = no master fits; undefined = not known (only the outcome is). */
  label?: string | null;
  /** Who did it, and whether it succeeded. */
  outcome?: { master: string; success: boolean };
  /** Each master's history when the task was decided. Default: none known. */
  history?: Histories;
}

/** Where the figures of a training run come from and what they are. */
export interface MoeTrainingReport {
  rows: number;
  heldOutRows: number;
  /** Passes over the rows that the held-out rows asked for. */
  epochs: number;
  steps: number;
  seconds: number;
  seed: number;
  backend: string;
  /** On the held-out rows, before refitting on all rows; null where there were too few rows to hold any out. */
  heldOut: { accuracy: number; logLoss: number; successLogLoss: number | null } | null;
}

/** The network as plain arrays: what the exporter takes and a child process hands back. */
export interface MoeModel {
  /** Length of the encoder's vectors. */
  dimensions: number;
  masters: MoeMaster[];
  /** By parameter name; see `network.ts`. */
  weights: Record<string, Matrix>;
  /** One row a master: its learned vector and, in the last column, its learned bias. A master never seen has `newcomer`. */
  learned: Matrix;
  /** Whether the success head saw outcomes; if not, its output means nothing. */
  knowsSuccess: boolean;
  /** Whether it learned from histories; if not, it must not be shown any: what it would make of them means nothing. */
  knowsHistory: boolean;
  report: MoeTrainingReport;
}
