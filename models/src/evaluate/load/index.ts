// `cortex evaluate load`: how well arrivals are forecast, and what the capacity asked for would have cost, on the user's own series.
export { type LoadDocument, type LoadScores, type RunEvaluateLoadOptions, runEvaluateLoad } from './run-load.js';
