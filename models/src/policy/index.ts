// The decision rule: what a master is worth for a task, when to try another, and which price of cost to ask for.
export {
  type Exploration,
  type ExplorationCandidate,
  type ExplorationOptions,
  explore,
} from './exploration.js';
export {
  type LearnedPolicy,
  type PolicyRow,
  pickAtPrice,
  policyChances,
  pricesOf,
  type TrainPolicyOptions,
  trainPolicy,
} from './learned-policy.js';
export {
  chooseByUtility,
  DEFAULT_WEIGHTS,
  type Priority,
  type UtilityCandidate,
  type UtilityChoice,
  type UtilityOptions,
  type UtilityTerm,
  type UtilityWeights,
  ZERO_WEIGHTS,
} from './utility.js';
