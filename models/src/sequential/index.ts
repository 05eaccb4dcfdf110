// Tests that may be looked at after every row without fooling oneself: betting, pairs, arms, means.
export { type ArmEvidence, meanOfArm, NO_ARMS, observeArm } from './arms.js';
export { bet, type Evidence, evidenceOf, MARGIN_PRIOR, NO_EVIDENCE, proven, STAKES, signEvidence } from './betting.js';
export { meanInterval, NO_MEAN, observeMean, type RunningMean } from './mean-interval.js';
export { NO_PAIRS, observePair, type PairedEvidence, type PairedRow, type Side } from './paired.js';
