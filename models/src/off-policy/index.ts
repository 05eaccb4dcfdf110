// What another policy would have earned, from logged decisions with their propensities.
export {
  type Estimate,
  estimateOffPolicy,
  type LoggedChoice,
  type OffPolicyOptions,
  OffPolicyRowInvalid,
  type OffPolicyVerdict,
} from './estimate.js';
