// Candidate sets that hold the right master at a chosen rate.
export { type ConformalOptions, type ConformalThresholds, conformalSet, fitConformal, likeliestSet } from './sets.js';
