// The door of the trainer: trains models from what was recorded.
export { type TrainerParts, trainerActor } from './actor.js';
export type { RouterAudit } from './audit/audit.js';
export type { PredictorAudit } from './audit/predictor.js';
export { TrainingDied } from './family/child.js';
export { fingerprintOf, type TrainingFacts } from './family/facts.js';
export { NotTrainable, TRAINED_FAMILIES, type TrainedFamily, trainedFamily } from './family/families.js';
export {
  describedBy,
  type FamilyTraining,
  TrainingDataError,
  trainPredictorInto,
  trainRouterInto,
} from './family/train-family.js';
export { askForTraining } from './job/ask.js';
export { Board, FINISHED, type LastTraining } from './job/board.js';
export { Documents, Outrun } from './job/documents.js';
export { type HereOptions, trainHere } from './job/here.js';
export { LeaseLost, Leases } from './job/lease.js';
export { type GivenRows, isFinal, type Performed } from './job/perform.js';
export type { Workshop } from './job/workshop.js';
export { type Collected, collectRows, lastOfLog } from './rows/collect.js';
export { LEASE_MS, type TrainerSettings, type TrainerSettingsInput, trainerSettingsSchema } from './settings.js';
export { BadSchedule } from './trigger/due.js';
