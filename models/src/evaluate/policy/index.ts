// `cortex evaluate policy`: what learned choosing brings where every master's result is known.
export { readPolicy } from './read-policy.js';
export { type PolicyDocument, type RunEvaluatePolicyOptions, runEvaluatePolicy } from './run-policy.js';
export type { CurvePoint, PolicyFigure } from './scores.js';
