// The door of the router: train, ask, keep, bring back.

export { RouterModel } from './router-model.js';
export { type TrainRouterOptions, trainRouter } from './train.js';
export {
  abstainBelow,
  type Costs,
  DEFAULT_COSTS,
  type ExpertShare,
  type MasterProfile,
  type Progress,
  type RouteOptions,
  type RouteResult,
  type TrainingRow,
} from './types.js';
export type { ExpertMaker } from './voices/outside.js';
