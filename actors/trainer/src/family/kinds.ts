// What differs between families: what each learns from, and how a folder is made of it. A new family is one entry here and its name in
// `families.ts`; collecting, cleaning, leases, stages, publishing and telling are the same for all.
import type { LabelledRows, LoggedDecision, OutcomeRow, TelemetryRow, TrainingRow } from '@cortex/models';
import type { Master } from '@cortex/schemas';
import { auditable } from '../audit/audit.js';
import type { TrainingFacts } from './facts.js';
import type { TrainedFamily } from './families.js';
import { type PairRow, pairsOf, trainEncoderInto } from './train-encoder.js';
import { type FamilyTraining, trainAnomaliesInto, trainPredictorInto, trainRouterInto } from './train-family.js';

export interface FamilyKind {
  /** What is learned from, out of what was collected from the log and the kept files. */
  rowsOf(collected: LabelledRows): object[];
  /** Whether rows are cleaned as labels: duplicates, contradictions, generated ones. */
  readonly labels: boolean;
  /** Decisions that a candidate is audited with; none: no audit. */
  loggedOf(collected: LabelledRows): LoggedDecision[];
  /** @throws TrainingDataError, or an error that no repetition mends. */
  train(rows: readonly object[], masters: readonly Master[], options: FamilyTraining): Promise<TrainingFacts>;
}

export const KINDS: Readonly<Record<TrainedFamily, FamilyKind>> = {
  router: {
    rowsOf: ({ routing, refused }) => [...routing, ...refused],
    labels: true,
    loggedOf: ({ logged }) => auditable(logged),
    train: (rows, masters, options) => trainRouterInto(masters, rows as TrainingRow[], options),
  },
  predictor: {
    rowsOf: ({ outcomes }) => outcomes,
    labels: false,
    loggedOf: () => [],
    train: (rows, _, options) => trainPredictorInto(rows as OutcomeRow[], options),
  },
  anomaly: {
    // Read by the child from the recorder's telemetry.
    rowsOf: () => [],
    labels: false,
    loggedOf: () => [],
    train: (rows, _, options) => trainAnomaliesInto(rows as TelemetryRow[], options),
  },
  encoder: {
    rowsOf: ({ logged }) => pairsOf(logged),
    labels: false,
    loggedOf: () => [],
    train: (rows, _, options) => trainEncoderInto(rows as PairRow[], options),
  },
};
